"""The local hub is one to the maintained client: what that downloads is what was put there."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import modelscope_hub
import pytest
from modelscope_hub.compat import snapshot_download
from modelscope_hub.config import set_default_config

from tests.airgap.hub.contents import Content, File, Seeded
from tests.airgap.hub.server import LARGE, Fault, HubServer, Model

ID = "qwen/Qwen1.5-7B-Chat"
WEIGHTS = Seeded(3 * LARGE + 11, seed=1)
FILES: dict[str, bytes | Content] = {
    "config.json": b"{}",
    "1_Pooling/config.json": b"[]",
    "model.safetensors": WEIGHTS,
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    model = Model()
    model.commit(FILES)
    with HubServer({ID: model}) as hub:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        set_default_config(modelscope_hub.HubConfig())
        yield hub
    set_default_config(None)


def download(folder: Path, token: str | None = None) -> dict[str, str]:
    """What the client brought into the folder: path -> sha256."""
    snapshot_download(ID, local_dir=str(folder), token=token)
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def expected() -> dict[str, str]:
    small = {p: hashlib.sha256(d).hexdigest() for p, d in FILES.items() if isinstance(d, bytes)}
    return {**small, "model.safetensors": WEIGHTS.sha256}


def test_the_client_downloads_all_files(hub: HubServer, tmp_path: Path) -> None:
    assert download(tmp_path / "model") == expected()


def test_the_client_goes_on_after_a_cut(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.append(Fault("model.safetensors", cut=LARGE))
    assert download(tmp_path / "model") == expected()
    ranges = [seen.range for seen in hub.seen if seen.path == "model.safetensors"]
    assert ranges == [None, f"bytes={LARGE}-"]


def test_the_client_refuses_other_bytes_than_listed(hub: HubServer, tmp_path: Path) -> None:
    other = Seeded(WEIGHTS.size, seed=2)
    hub.faults.append(Fault("model.safetensors", times=9, instead=other))
    with pytest.raises(modelscope_hub.errors.FileDownloadError):
        download(tmp_path / "model")


def test_the_client_sees_a_private_model_with_its_token(hub: HubServer, tmp_path: Path) -> None:
    hub.models[ID].token = "ms-secret"
    assert download(tmp_path / "model", token="ms-secret") == expected()
    assert {seen.token for seen in hub.seen if not seen.other_host} == {"ms-secret"}
    assert {seen.token for seen in hub.seen if seen.other_host} == {None}


def test_a_branch_moves_and_a_commit_does_not(hub: HubServer) -> None:
    before = hub.models[ID].branches["master"]
    after = hub.models[ID].commit({**FILES, "config.json": b'{"new": 1}'})

    def config(revision: str) -> bytes:
        path = f"api/v1/models/{ID}/repo?Revision={revision}&FilePath=config.json"
        return bytes(urllib.request.urlopen(f"{hub.endpoint}/{path}").read())

    assert [config(before), config(after), config("master")] == [b"{}", *[b'{"new": 1}'] * 2]
    del hub.models[ID].commits[before]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        config(before)


def test_seeded_bytes_are_the_same_in_any_pieces() -> None:
    content = Seeded(5 * LARGE, seed=3)
    whole = b"".join(content.chunks(0, content.size))
    assert len(whole) == content.size
    for start, stop in ((0, 1), (LARGE - 3, 3 * LARGE + 3), (LARGE + 6, LARGE + 8)):
        assert b"".join(content.chunks(start, stop)) == whole[start:stop]
    assert whole[:LARGE] != whole[LARGE : 2 * LARGE]


def test_a_file_is_sent_from_any_place(hub: HubServer, tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.seek(2 * LARGE)
        file.write(b"the end")
    hub.models[ID].commit({"sparse": File(path)})
    request = urllib.request.Request(
        f"{hub.endpoint}/api/v1/models/{ID}/repo?Revision=master&FilePath=sparse",
        headers={"Range": f"bytes={2 * LARGE - 1}-"},
    )
    assert urllib.request.urlopen(request).read() == b"\0the end"
