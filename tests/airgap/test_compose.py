"""The build writes the bundle's compose.yaml with the very program that the bundle brings."""

from pathlib import Path

import pytest
import yaml

from airgap.compose import compose_file
from airgap.errors import AirgapError
from airgap.store import Store
from airgap.tree import Entry, Tree
from tests.airgap.blobs import put
from tests.host.bundle import BUNDLE_CONF, HOST

CONF = {**BUNDLE_CONF, "BUILDER_STACK": "agentfabric"}


def conf(**changed: str) -> bytes:
    return "".join(f"{key}='{value}'\n" for key, value in {**CONF, **changed}.items()).encode()


def program(store: Store) -> Tree:
    files = [HOST / "airgap", *sorted((HOST / "lib").iterdir())]
    return {
        str(path.relative_to(HOST)): Entry(put(store, path.read_bytes()))
        for path in files
        if path.is_file()
    }


def test_the_same_program_and_conf_are_the_same_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = compose_file(store, program(store), conf())
    services = yaml.safe_load(store.path(made["compose.yaml"].blob).read_text())["services"]
    assert services["agentfabric"]["image"] == CONF["IMAGE"]
    other = Store(tmp_path / "other")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setenv("AIRGAP_SERVER_PORT", "9")
    monkeypatch.chdir(tmp_path)
    assert compose_file(other, program(other), conf()) == made
    assert compose_file(store, program(store), conf(LLM="large")) != made


def test_a_conf_that_the_program_refuses_stops_the_build(store: Store) -> None:
    with pytest.raises(AirgapError, match="SERVER_PORT"):
        compose_file(store, program(store), conf(SERVER_PORT="ninety"))


def test_a_program_without_the_writer_brings_no_file(store: Store) -> None:
    assert compose_file(store, {"airgap": Entry(put(store, b""))}, conf()) == {}
