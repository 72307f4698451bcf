"""A hub on this machine, for tests and benchmarks: the addresses and answers of ModelScope's.

They are those that the source of `modelscope-hub` reads (`_legacy_api.py`, `_download.py`). As
there, small files come at once and whole, whatever range is asked for; large ones by a redirect to
another host, which knows ranges and must not see the token. `python -m tests.airgap.hub.server
owner/name=FOLDER…` serves folders.
"""

import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.airgap.hub.contents import Bytes, Content, File

LARGE = 1 << 20
"""From this size on, in bytes, a file is on the other host."""

LISTING = "the listing"


@dataclass
class Fault:
    """What goes wrong when a file, or `LISTING`, is asked for.

    Attributes:
        path: Of the file.
        times: How often; after that all is well.
        status: Answer with this error.
        cut: Close the connection after so many bytes of the answer's body.
        stall: Send nothing for so many seconds, after the bytes of ``cut`` if there is one.
        longer: Announce so many bytes more than there are; negative for less.
        instead: Send these bytes, of the same size, in place of the right ones.
        whole: Answer with the whole file where a range is asked for.
        tag: Name the content so (its ETag), in place of a name that follows from it.
        after: Answer only when this is set; ten minutes at most.
    """

    path: str
    times: int = 1
    status: int | None = None
    cut: int | None = None
    stall: float | None = None
    longer: int = 0
    instead: Content | None = None
    whole: bool = False
    tag: str | None = None
    after: threading.Event | None = None


@dataclass
class Model:
    """A repository on the hub.

    Attributes:
        commits: By their id: path -> (content, the commit that changed it last).
        branches: Name -> commit.
        token: If there is one, only those see the model who have it.
    """

    commits: dict[str, dict[str, tuple[Content, str]]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    dates: dict[str, int] = field(default_factory=dict)

    def commit(self, files: Mapping[str, bytes | Content], branch: str = "master") -> str:
        """Make a commit of exactly these files the branch's last one; returns its id."""
        before = self.commits.get(self.branches.get(branch, ""), {})
        number = len(self.dates)
        id = hashlib.sha1(f"{number} {sorted(files)}".encode()).hexdigest()
        self.dates[id] = 1700000000 + number
        commit = {}
        for path, given in files.items():
            content = Bytes(given) if isinstance(given, bytes) else given
            old = before.get(path)
            same = old is not None and old[0] == content
            commit[path] = old if same and old else (content, id)
        self.commits[id] = commit
        self.branches[branch] = id
        return id


@dataclass(frozen=True)
class Seen:
    """A request that was answered.

    Attributes:
        path: Of the file; `LISTING` for the listing; else the path of the address.
        range: The header, if there was one.
        token: As it was sent, if it was.
        other_host: Whether it came to the host that is redirected to.
    """

    path: str
    range: str | None
    token: str | None
    other_host: bool


class HubServer:
    """Serves while it is entered.

    Attributes:
        models: By their id, ``owner/name``.
        faults: The first that fits a request is used up by it.
        seen: All requests so far.
        after_listing: Called once, when the next listing is known and not yet sent.
    """

    def __init__(self, models: Mapping[str, Model] | None = None, port: int = 0) -> None:
        self.models = dict(models or {})
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.after_listing: Callable[[], object] | None = None
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def endpoint(self) -> str:
        """For MODELSCOPE_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def other_host(self) -> str:
        """Another name of the same machine, so for a client another host."""
        return f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> "HubServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take_fault(self, path: str) -> Fault:
        with self._lock:
            for fault in self.faults:
                if fault.path == path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return Fault(path)

    def note(self, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, hub: HubServer, port: int) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error of ours."""


class _Refused(Exception):
    """Raised with status and message where the answer is an error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        try:
            self._answer(unquote(address.path), query)
        except _Refused as refused:
            status, message = refused.args
            self._json({"Code": status, "Message": message, "Success": False}, status)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, path: str, query: dict[str, str]) -> None:
        if match := re.fullmatch("/other-host/([^/]+/[^/]+)/([0-9a-f]+)/(.+)", path):
            model_id, commit, file = match.groups()
            content, _ = self.server.hub.models[model_id].commits[commit][file]
            self._send_file(file, content, other_host=True)
        elif path == "/api/v1/repos/internalAccelerationInfo":
            self._data({})
        elif match := re.fullmatch("/api/v1/models/([^/]+/[^/]+)(/repo/files|/repo|)", path):
            model = self._model(match[1])
            if match[2] == "":
                self._data({"Id": 1, "Path": match[1].split("/")[0], "Name": match[1]})
            elif match[2] == "/repo":
                self._file(match[1], model, query)
            else:
                self._listing(model, query)
        else:
            raise _Refused(404, "page not found")

    def _model(self, id: str) -> Model:
        model = self.server.hub.models.get(id)
        if model is None:
            raise _Refused(404, "模型不存在")
        if model.token is not None and self._token != model.token:
            raise _Refused(403, "no access") if self._token else _Refused(401, "用户未登录")
        return model

    @property
    def _token(self) -> str | None:
        authorization = self.headers.get("Authorization") or ""
        cookie = re.search("m_session_id=([^;]+)", self.headers.get("Cookie") or "")
        return authorization.removeprefix("Bearer ") or (cookie[1] if cookie else None)

    def _note(self, path: str, other_host: bool = False) -> Fault:
        hub = self.server.hub
        hub.note(Seen(path, self.headers.get("Range"), self._token, other_host))
        fault = hub.take_fault(path)
        if fault.after is not None:
            fault.after.wait(600)
        if fault.status is not None:
            raise _Refused(fault.status, f"status {fault.status}")
        return fault

    def _commit(self, model: Model, revision: str) -> tuple[str, dict[str, tuple[Content, str]]]:
        id = model.branches.get(revision, revision)
        if id not in model.commits:
            raise _Refused(404, f"the revision {revision} does not exist")
        return id, model.commits[id]

    def _listing(self, model: Model, query: dict[str, str]) -> None:
        fault = self._note(LISTING)
        id, files = self._commit(model, query.get("Revision", "master"))
        entries: dict[str, dict[str, Any]] = {}
        for path, (content, changed) in sorted(files.items()):
            common = {"Revision": changed, "CommittedDate": model.dates[changed]}
            for folder in list(PurePosixPath(path).parents)[:-1]:
                tree = {"Name": folder.name, "Path": str(folder), "Type": "tree", "Size": 0}
                entries[str(folder)] = {**tree, **common, "Sha256": ""}
            entries[path] = {
                **common,
                "Name": PurePosixPath(path).name,
                "Path": path,
                "Type": "blob",
                "Mode": "33188",
                "Size": content.size + fault.longer,
                "Sha256": content.sha256,
                "IsLFS": content.size >= LARGE,
            }
        below = query.get("Root", "").strip("/")
        listed = [e for e in entries.values() if not below or e["Path"].startswith(f"{below}/")]
        # As the hub does, it names the commit only in part.
        committer = {"Id": "", "ShortId": id[:8], "CommittedDate": model.dates[id]}
        after, self.server.hub.after_listing = self.server.hub.after_listing, None
        if after is not None:
            after()
        self._data({"Files": listed, "IsVisual": 0, "LatestCommitter": committer})

    def _file(self, model_id: str, model: Model, query: dict[str, str]) -> None:
        path = query.get("FilePath", "")
        id, files = self._commit(model, query.get("Revision", "master"))
        if path not in files:
            raise _Refused(404, f"{path} does not exist")
        content, _ = files[path]
        if content.size < LARGE:
            self._send_file(path, content, other_host=False)
            return
        self.send_response(302)
        where = f"{self.server.hub.other_host}/other-host/{model_id}/{id}/{quote(path)}"
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_file(self, path: str, content: Content, other_host: bool) -> None:
        fault = self._note(path, other_host)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked is None or not other_host or fault.whole:
            start, stop = 0, content.size
            self.send_response(200)
        else:
            start = int(asked[1])
            stop = min(int(asked[2]) + 1, content.size) if asked[2] else content.size
            if start >= content.size:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{content.size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            total = content.size + fault.longer
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{total}")
        self.send_header("Content-Length", str(stop - start + fault.longer))
        self.send_header("Content-Type", "application/octet-stream")
        if other_host:
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("X-Linked-ETag", f'"{content.sha256}"')
            tag = fault.tag or (fault.instead or content).sha256[:32]
            self.send_header("ETag", f'"{tag}"')
        self.end_headers()
        if self.command == "HEAD":
            return
        announced = stop - start + fault.longer
        if fault.cut is not None or fault.stall is not None:
            stop = min(stop, start + (fault.cut or 0))
        stop = min(stop, start + announced)
        (fault.instead or content).send(self.connection, start, stop)
        if fault.stall is not None:
            # Ends with the server, so that no test waits for it.
            self.server.hub.stopped.wait(fault.stall)
        if stop - start != announced:
            self.close_connection = True

    def _data(self, data: dict[str, Any]) -> None:
        self._json({"Code": 200, "Data": data, "Message": "success", "Success": True}, 200)

    def _json(self, value: dict[str, Any], status: int) -> None:
        body = json.dumps({**value, "RequestId": "0" * 32}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def of_folder(folder: Path) -> Model:
    """A model with one commit: the files of a folder."""
    model = Model()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    model.commit({path.relative_to(folder).as_posix(): File(path) for path in files})
    return model


def main() -> None:
    folders = dict(argument.split("=", 1) for argument in sys.argv[1:])
    models = {id: of_folder(Path(folder)) for id, folder in folders.items()}
    with HubServer(models) as hub:
        print(f"export MODELSCOPE_ENDPOINT={hub.endpoint}", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
