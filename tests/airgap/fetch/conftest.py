import base64
import contextlib
import hashlib
import json
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from airgap.locks.python import Wheel, normalise
from airgap.store import hash_file


@dataclass
class Site:
    """A web server of one folder on loopback, and what was asked of it."""

    root: Path
    url: str = ""
    requests: list[str] = field(default_factory=list)
    stall_at: str | None = None
    """Where set: of paths that end so, the second half waits for as long as it is set."""

    def downloads(self, filename: str) -> int:
        return sum(path.endswith("/" + filename) for path in self.requests)


class _Handler(SimpleHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self.site.requests.append(self.path)
        path = Path(self.translate_path(self.path))
        if (path / "index.json").exists():
            self._send_index(path / "index.json")
            return
        if self.site.stall_at is None or not self.path.endswith(self.site.stall_at):
            super().do_GET()
            return
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        while self.site.stall_at is not None:
            threading.Event().wait(0.05)
        # Whoever asked may have been killed meanwhile.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(data[len(data) // 2 :])

    def _send_index(self, path: Path) -> None:
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    root = tmp_path / "site"
    root.mkdir()
    site = Site(root)
    handler = type("Handler", (_Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(root)))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield site
    site.stall_at = None
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def index(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site as the only index that pip knows."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_INDEX_URL", f"{site.url}/simple")
    return site


MakeWheel = Callable[..., Wheel]


@pytest.fixture
def make_wheel(site: Site) -> MakeWheel:
    """Make a valid wheel with some bytes of content, and put it on the site's index."""

    def make(
        name: str,
        version: str = "1.0",
        tag: str = "py3-none-any",
        fill: int = 10,
        requires: Sequence[str] = (),
        uploaded: str = "2020-01-01",
        tells_size: bool = False,
    ) -> Wheel:
        folder = site.root / "simple" / normalise(name)
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{name.replace('-', '_')}-{version}"
        path = folder / f"{stem}-{tag}.whl"
        content = {
            f"{name.replace('-', '_')}.py": b"#" * fill,
            f"{stem}.dist-info/METADATA": (
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
                + "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
            ).encode(),
            f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: t\nTag: {tag}\n".encode(),
        }
        record = f"{stem}.dist-info/RECORD"
        lines = [f"{member},{_record_hash(data)},{len(data)}" for member, data in content.items()]
        content[record] = "\n".join([*lines, f"{record},,", ""]).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for member, data in content.items():
                archive.writestr(member, data)
        offer(folder, path, uploaded, tells_size)
        return Wheel(normalise(name), version, path.name, hash_file(path))

    return make


def offer(folder: Path, path: Path, uploaded: str = "2020-01-01", tells_size: bool = False) -> None:
    """Add a file to its project's page on the index (PEP 691)."""
    index = folder / "index.json"
    page = json.loads(index.read_text()) if index.exists() else {"files": []}
    blob = hash_file(path)
    entry: dict[str, object] = {
        "filename": path.name,
        "url": quote(path.name),
        "hashes": {"sha256": blob.sha256},
        "upload-time": f"{uploaded}T12:00:00Z",
    }
    if tells_size:
        entry["size"] = blob.size
    files = [file for file in page["files"] if file["filename"] != path.name] + [entry]
    index.write_text(
        json.dumps({"meta": {"api-version": "1.1"}, "name": folder.name, "files": files})
    )


def _record_hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"
