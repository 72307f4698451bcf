"""ModelScope's hub, or an internal mirror of it: which files a model has, and where they are.

The maintained client, `modelscope-hub`, makes the requests; which addresses those are and what the
answers look like is in its source. It is configured by its own environment variables, of which
these two matter here: MODELSCOPE_ENDPOINT, the address of a mirror, and MODELSCOPE_API_TOKEN.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airgap.errors import AirgapError, UnavailableError

if TYPE_CHECKING:
    from modelscope_hub import HubApi

ENDPOINT = "MODELSCOPE_ENDPOINT"
TOKEN = "MODELSCOPE_API_TOKEN"

WITHOUT_TOKEN = f"set {TOKEN} to a valid access token of the hub"
WITHOUT_ACCESS = f"ask for access on the model's page, and set {TOKEN} to a token of that account"
"""What to do where the hub answers 401, and where it answers 403."""

_DOING = "asking the hub for the files of"


@dataclass(frozen=True)
class HubFile:
    """A file as the hub lists it.

    Attributes:
        path: Below the model's folder, with slashes.
        size: In bytes.
        sha256: 64 lower-case hex digits; empty where the hub does not say.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class HubModel:
    """A model at one commit.

    Attributes:
        commit: What a branch or tag was when the hub was asked, in hex digits.
        files: Sorted by path.
    """

    commit: str
    files: tuple[HubFile, ...]


@dataclass(frozen=True)
class _Entry:
    """A file, the commit that changed it last, and when that was, as text that sorts by time."""

    file: HubFile
    commit: str
    date: str


class Hub:
    """The hub that the environment names.

    Attributes:
        endpoint: Its address, without a slash at the end.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Nothing is asked yet; ``environ`` says where the hub is and who asks."""
        # The second is the client's older name, of which it would warn if it read that itself.
        named = environ.get(ENDPOINT) or environ.get("MODELSCOPE_DOMAIN") or "https://modelscope.cn"
        address = named if "://" in named else f"https://{named}"
        self.endpoint = address.rstrip("/")
        self._token = environ.get(TOKEN, "")
        self._client: HubApi | None = None

    def list(self, model_id: str, revision: str) -> HubModel:
        """All files of a model at a branch, tag or commit; two requests of a few kilobytes.

        Raises:
            UnavailableError: The hub cannot be reached, is out of order, or wants another token.
            AirgapError: It does not know the model or the revision.
        """
        now = self._entries(model_id, revision)
        if not now:
            raise AirgapError(
                _DOING,
                model_id,
                expected=f"at least one file at the revision {revision}",
                found=f"none at {self.endpoint}",
                remedy="look at the model's page for its revisions and name one",
            )
        # A file's commit is the one that changed it last; at the newest of them all files are what
        # they are now. Asked for by that name, they cannot move while we look at them.
        for commit in _newest(now):
            then = self._entries(model_id, commit)
            if all(then.get(path) == entry for path, entry in now.items()):
                files = (entry.file for entry in now.values())
                return HubModel(commit, tuple(sorted(files, key=lambda file: file.path)))
        raise UnavailableError(
            _DOING,
            model_id,
            expected=f"the files of the revision {revision} at the commit that it is",
            found=f"other files at {', '.join(_newest(now))}",
            remedy="the model may be changing just now: run the same command again",
        )

    def request(self, model_id: str, commit: str, path: str) -> tuple[str, dict[str, str]]:
        """The address of one file, and the headers with which the hub knows who asks for it.

        The hub answers with the file or with a redirect to another host, which must not be sent
        these headers.
        """
        address = self._api.legacy.get_download_url(model_id, "model", path, commit)
        headers = {}
        if self._token:
            # As the client does: some of the hub's addresses read the one, some the other.
            headers["Authorization"] = f"Bearer {self._token}"
            headers["Cookie"] = f"m_session_id={self._token}"
        return str(address), headers

    def read(self, model_id: str, revision: str, path: str) -> str:
        """The text of a small file, all in memory; empty where the model has no such file.

        Raises:
            UnavailableError: The hub cannot be reached, is out of order, or wants another token.
        """
        from modelscope_hub.errors import HubError, NotExistError
        from requests import RequestException

        try:
            with self._api.legacy.download_stream(model_id, "model", path, revision) as answer:
                return answer.content.decode("utf-8", "replace")
        except NotExistError:
            return ""
        except (HubError, RequestException) as error:
            raise self._explained(model_id, revision, error) from error

    @property
    def _api(self) -> "HubApi":
        if self._client is None:
            # Imported here because it takes half a second, and a build that has all does not ask.
            from modelscope_hub import HubApi, HubConfig

            # What it tries once more is told at the end, if that was of no use.
            logging.getLogger("modelscope_hub").setLevel(logging.ERROR)
            # It would note in the home folder who asked; of an impossible folder it makes nothing.
            nowhere = Path(os.devnull)
            self._client = HubApi(HubConfig(self.endpoint, nowhere, nowhere, token=self._token))
        return self._client

    def _entries(self, model_id: str, revision: str) -> dict[str, _Entry]:
        """The files of a revision by their paths."""
        from modelscope_hub.errors import HubError
        from requests import RequestException

        try:
            listed = self._api.legacy.list_repo_files(model_id, "model", revision)
            entries = [_entry(given) for given in listed if given.get("Type") != "tree"]
        except HubError as error:
            raise self._explained(model_id, revision, error) from error
        # Before the errors of requests, of which one is a ValueError too: that of an answer which
        # is no JSON.
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise AirgapError(
                _DOING,
                model_id,
                expected=f"path, size, sha256, commit and date of each file from {self.endpoint}",
                found=f"something else: {error!r}",
                remedy=f"let {ENDPOINT} name a hub or a mirror of one",
            ) from error
        except RequestException as error:
            raise self._explained(model_id, revision, error) from error
        return {entry.file.path: entry for entry in entries}

    def _explained(self, model_id: str, revision: str, error: Exception) -> AirgapError:
        from modelscope_hub import errors

        wrong = isinstance(error, errors.NotExistError | errors.InvalidParameter)
        if wrong:
            remedy = "look at the model's page for how its id is written, and for its revisions"
        elif isinstance(error, errors.AuthenticationError):
            remedy = WITHOUT_TOKEN
        elif isinstance(error, errors.PermissionDeniedError):
            remedy = WITHOUT_ACCESS
        else:
            remedy = f"try again later, let this machine reach it, or name a mirror in {ENDPOINT}"
        status = getattr(error, "status_code", None)
        # In full it would repeat the request and the answer, over several lines.
        said = getattr(error, "message", "") if status else str(_innermost(error)) or repr(error)
        return (AirgapError if wrong else UnavailableError)(
            _DOING,
            model_id,
            expected=f"its files at the revision {revision} from {self.endpoint}",
            found=f"HTTP {status}: {said}" if status else said,
            remedy=remedy,
        )


def _innermost(error: BaseException) -> BaseException:
    """The reason of the reason: of several wrapped errors, the one that the system gave."""
    while (reason := error.__cause__ or error.__context__) is not None:
        error = reason
    return error


def _entry(given: Mapping[str, Any]) -> _Entry:
    sha256 = str(given.get("Sha256") or "").lower()
    file = HubFile(str(given["Path"]), int(given["Size"]), sha256)
    return _Entry(file, str(given["Revision"]), str(given["CommittedDate"]))


def _newest(entries: Mapping[str, _Entry]) -> list[str]:
    """The commits of the latest date; two may be of the same second."""
    latest = max(entry.date for entry in entries.values())
    return sorted({entry.commit for entry in entries.values() if entry.date == latest})
