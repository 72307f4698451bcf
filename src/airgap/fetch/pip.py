"""Runs ``pip download`` for exact, hashed requirements, and tells its failures apart."""

import errno
import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from airgap.errors import AirgapError

_POLL = 0.3
"""Seconds between two looks at a running pip."""


class NotFoundError(Exception):
    """No configured index has a file for a requirement.

    Attributes:
        requirement: ``name==version``
        found: The versions that there are, as pip lists them, or ``none``.
    """

    def __init__(self, requirement: str, found: str) -> None:
        super().__init__(requirement, found)
        self.requirement = requirement
        self.found = found


class UnreachableError(AirgapError):
    """No index answered."""

    def naming(self, doing: str, subject: str, file: str) -> AirgapError:
        """The same for who knows which file it was about."""
        expected = f"{file}, which the store lacks, from the index"
        return AirgapError(doing, subject, expected=expected, found=self.found, remedy=self.remedy)


def download(
    requirements: Sequence[str],
    work: Path,
    arguments: Sequence[str],
    watch: Callable[[], None] = lambda: None,
    stop: threading.Event | None = None,
    python: Path = Path(sys.executable),
) -> None:
    """Download hashed requirements (``name==version --hash=…``) into ``work/wheels``.

    Everything that pip writes on the way is below ``work`` too. ``watch`` is called a few times a
    second meanwhile; after ``stop`` is set, pip is ended and the folder is incomplete. ``python``
    is the interpreter that runs pip, and with it the build backends where pip calls one.

    Raises:
        NotFoundError: No index has one of them.
        UnreachableError: No index answered; its subject is the package that was asked for.
        AirgapError: Anything else that pip ended with.
    """
    stop = stop or threading.Event()
    listing = work / "requirements.txt"
    try:
        (work / "tmp").mkdir(exist_ok=True)
        listing.write_text("".join(f"{requirement}\n" for requirement in requirements))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _no_space(_subject(requirements)) from error
    command = [
        *(str(python), str(home()), "download"),
        *("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar=off"),
        # The store is the cache: pip's own would hold every wheel a second time.
        "--no-cache-dir",
        *("--no-deps", "--require-hashes", f"--requirement={listing}"),
        *(f"--dest={work / 'wheels'}", *arguments),
    ]
    # Not into a file: on a full disk that would stay empty.
    process = subprocess.Popen(
        command,
        cwd=work,
        env={**os.environ, "TMPDIR": str(work / "tmp")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with process:
        try:
            said = _wait(process, watch, stop)
        finally:
            if process.poll() is None:
                process.terminate()
    if process.returncode != 0 and not stop.is_set():
        raise _failure(said, _subject(requirements))


def _wait(
    process: "subprocess.Popen[str]", watch: Callable[[], None], stop: threading.Event
) -> str:
    while True:
        try:
            return process.communicate(timeout=_POLL)[0]
        except subprocess.TimeoutExpired:
            watch()
            if stop.is_set():
                return ""


def _subject(requirements: Sequence[str]) -> str:
    return requirements[0].split()[0] if len(requirements) == 1 else "a group of wheels"


def home() -> Path:
    """The folder of pip's package, which Python runs as a program wherever it is installed."""
    spec = importlib.util.find_spec("pip")
    if spec is None or spec.origin is None:
        raise AirgapError(
            "looking for",
            "pip",
            expected="the package pip beside this program",
            found="none",
            remedy=f"install it: {sys.executable} -m ensurepip",
        )
    return Path(spec.origin).parent


def _no_space(subject: str) -> AirgapError:
    return AirgapError(
        "fetching the wheel",
        subject,
        found="no space left on the store's disk",
        remedy="free some disk space and run the same command again; nothing was lost",
    )


def _failure(said: str, subject: str) -> Exception:
    """What pip's words mean; tested against pip 26."""
    mismatch = re.search(
        r"^ +(?P<what>\S+==\S+).*\n\s+Expected sha256 (?P<expected>\w+)\n\s+Got\s+(?P<got>\w+)",
        said,
        re.MULTILINE,
    )
    if mismatch is not None:
        return AirgapError(
            "fetching the wheel",
            mismatch["what"],
            expected=f"sha256 {mismatch['expected']}",
            found=f"sha256 {mismatch['got']}",
            remedy="compare the index with the lock; nothing was kept",
        )
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return _no_space(subject)
    unreachable = re.search(
        r"\b(NameResolutionError|NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError"
        r"|SSLError|ConnectionResetError|ProtocolError|ReadTimeout|IncompleteRead"
        r"|Could not fetch URL|IncompleteDownload|incomplete-download).*",
        said,
    )
    if unreachable is not None:
        return UnreachableError(
            "fetching the wheel",
            page[1] if (page := re.search(r"/([^/\s]+)/?$", unreachable[0])) else subject,
            expected="an answer from the index",
            found=unreachable[0][:500],
            remedy="look at the network, the proxy and `pip config list`,"
            " then run the same command again; what had arrived is kept",
        )
    absent = re.search(r"No matching distribution found for (\S+==[^\s;]+)", said)
    if absent is not None:
        versions = re.search(r"\(from versions: ([^)]*)\)", said)
        listed = versions[1] if versions else "none"
        return NotFoundError(absent[1], listed if len(listed) < 300 else f"… {listed[-300:]}")
    return AirgapError(
        "fetching the wheel",
        subject,
        found="pip failed: " + "\n            ".join(said.strip().splitlines()[-8:]),
        remedy="if pip's words do not help, run `pip download` for it by hand",
    )
