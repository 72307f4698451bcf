import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from airgap.errors import AirgapError
from airgap.fetch import debs, mirror, missing
from airgap.fetch.debs import fetch_debs
from airgap.fetch.progress import Progress
from airgap.locks.debian import Package
from airgap.store import Blob, Store
from tests.airgap.fetch.conftest import Site

MakeDeb = Callable[..., Package]


@pytest.fixture
def make_deb(site: Site, monkeypatch: pytest.MonkeyPatch) -> MakeDeb:
    """Put a file of some bytes where a mirror has a package; the site is the only mirror."""
    monkeypatch.setenv(mirror.VARIABLE, site.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(mirror, "opener", mirror.Opener)

    def make(name: str, size: int = 1000, version: str = "1:2.0+b1") -> Package:
        filename = f"{name}_{version.partition(':')[2]}_amd64.deb"
        path = f"pool/main/{name[0]}/{name}/{filename}"
        data = hashlib.shake_256(name.encode()).digest(size)
        (site.root / path).parent.mkdir(parents=True, exist_ok=True)
        (site.root / path).write_bytes(data)
        blob = Blob(hashlib.sha256(data).hexdigest(), size)
        return Package(name, version, "amd64", path, blob)

    return make


def test_packages_arrive_and_are_not_asked_for_again(
    site: Site, store: Store, make_deb: MakeDeb
) -> None:
    packages = [make_deb("zlib1g"), make_deb("libc6", 500_000)]
    fetch_debs(store, packages, Progress())
    assert missing(store, packages) == []
    site.requests.clear()
    fetch_debs(store, packages, Progress())
    assert site.requests == []


def test_a_second_mirror_is_asked_for_what_the_first_lacks(
    site: Site, store: Store, make_deb: MakeDeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_deb("zlib1g")
    monkeypatch.setenv(mirror.VARIABLE, f"{site.url}/elsewhere {site.root.as_uri()}")
    fetch_debs(store, [package], Progress())
    assert store.has(package.blob)


def test_a_changed_package_is_told_with_both_hashes(store: Store, make_deb: MakeDeb) -> None:
    package = make_deb("zlib1g")
    locked = replace(package, blob=Blob("a" * 64, package.blob.size))
    with pytest.raises(AirgapError) as raised:
        fetch_debs(store, [locked], Progress())
    assert raised.value.subject == package.filename
    assert "a" * 64 in str(raised.value.expected)
    assert package.blob.sha256 in str(raised.value.found)
    assert not store.has(package.blob)


def test_a_package_that_no_mirror_has_is_told_with_its_address(
    site: Site, store: Store, make_deb: MakeDeb
) -> None:
    package = make_deb("zlib1g")
    (site.root / package.path).unlink()
    with pytest.raises(AirgapError) as raised:
        fetch_debs(store, [package], Progress())
    assert f"{site.url}/pool/main/z/zlib1g" in str(raised.value.found)
    assert "404" in str(raised.value.found)
    assert mirror.VARIABLE in str(raised.value.remedy)


def test_no_network_is_told_after_some_tries(
    store: Store, make_deb: MakeDeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_deb("zlib1g")
    monkeypatch.setattr(debs, "_TRIES", 2)
    monkeypatch.setenv(mirror.VARIABLE, "http://127.0.0.1:9/debian")
    with pytest.raises(AirgapError) as raised:
        fetch_debs(store, [package], Progress())
    assert "Connection refused> (2 tries)" in str(raised.value.found)
    assert list((store.root / "tmp").iterdir()) == []


class _Flaky(http.server.BaseHTTPRequestHandler):
    """Breaks each answer off after a third of the file."""

    data = hashlib.shake_256(b"flaky").digest(300_000)
    honours_ranges = True
    starts: list[int]

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        start = int(asked[len("bytes=") : -1]) if asked and self.honours_ranges else 0
        self.starts.append(start)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.data) - start))
        self.end_headers()
        # A server that cannot go on from the middle gets further each time.
        limit = 100_000 if self.honours_ranges else 100_000 * len(self.starts)
        self.wfile.write(self.data[start : start + limit])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[True, False], ids=["with ranges", "without ranges"])
def flaky(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[int]]]:
    starts: list[int] = []
    fields = {"starts": starts, "honours_ranges": request.param}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("H", (_Flaky,), fields))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", starts
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_broken_connection_goes_on_where_it_broke(
    store: Store,
    make_deb: MakeDeb,
    flaky: tuple[str, list[int]],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, starts = flaky
    monkeypatch.setenv(mirror.VARIABLE, url)
    monkeypatch.setattr(debs, "_PAUSE", 0)
    blob = Blob(hashlib.sha256(_Flaky.data).hexdigest(), len(_Flaky.data))
    package = replace(make_deb("zlib1g"), blob=blob)
    fetch_debs(store, [package], Progress())
    assert store.has(blob)
    with_ranges = "with ranges" in request.node.callspec.id
    assert starts == ([0, 100_000, 200_000] if with_ranges else [0, 0, 0])
