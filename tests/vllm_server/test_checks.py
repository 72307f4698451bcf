import json
import os
import socket
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.vllm_server.conftest import write_shard
from vllm_server.checks import check_memory, check_model, check_port, read_api_key
from vllm_server.errors import StartError

GIB = 1 << 30


def test_a_whole_model_passes_and_its_weights_are_counted(model: Path) -> None:
    write_shard(model / "model-2.safetensors")
    size = (model / "model.safetensors").stat().st_size
    assert check_model(model) == 2 * size


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="`.*/absent` is not there"):
        check_model(tmp_path / "absent")


def test_a_folder_without_a_configuration_is_no_model(model: Path) -> None:
    (model / "config.json").unlink()
    with pytest.raises(StartError, match=r"no config\.json"):
        check_model(model)


def test_pickled_weights_are_refused_and_safetensors_named(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(StartError, match=r"pytorch_model\.bin(.|\n)*safetensors"):
        check_model(model)


def test_no_weights_at_all(model: Path) -> None:
    (model / "model.safetensors").unlink()
    with pytest.raises(StartError, match=r"lacks \*\.safetensors"):
        check_model(model)


def test_a_missing_shard_is_named(model: Path) -> None:
    shards = {"a": "model.safetensors", "b": "model-00002.safetensors"}
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    with pytest.raises(StartError, match=r"lacks model-00002\.safetensors"):
        check_model(model)


@pytest.mark.parametrize("length", [0, 4, 40, -1])
def test_a_shard_that_was_not_copied_whole_is_named(model: Path, length: int) -> None:
    shard = model / "model.safetensors"
    shard.write_bytes(shard.read_bytes()[:length])
    with pytest.raises(StartError, match=r"model\.safetensors` is damaged"):
        check_model(model)


def test_a_port_in_use_is_named() -> None:
    port = free_port()
    in_use = pytest.raises(StartError, match=f"port {port} of 127.0.0.1 is in use")
    with socket.create_server(("127.0.0.1", port)), in_use:
        check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(StartError, match=r"cannot listen on 192\.0\.2\.1 port 8000"):
        check_port("192.0.2.1", 8000)


def root_with(tmp_path: Path, available: int, limit: str | None) -> Path:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(
        f"MemTotal: 1 kB\nMemAvailable: {available // 1024} kB\n"
    )
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    if limit is not None:
        (tmp_path / "sys/fs/cgroup/memory.max").write_text(f"{limit}\n")
    return tmp_path


@pytest.mark.parametrize("limit", [None, "max", str(3 * GIB)])
def test_enough_memory_passes(tmp_path: Path, limit: str | None) -> None:
    check_memory(2 * GIB, root_with(tmp_path, 4 * GIB, limit))


def test_a_system_that_does_not_say_passes(tmp_path: Path) -> None:
    check_memory(2 * GIB, tmp_path)


@pytest.mark.parametrize(("available", "limit"), [(1 * GIB, "max"), (64 * GIB, str(GIB))])
def test_too_little_memory_is_told_in_figures(tmp_path: Path, available: int, limit: str) -> None:
    with pytest.raises(StartError, match=r"at least 2\.0 GiB of memory, and 1\.0 GiB are free"):
        check_memory(2 * GIB, root_with(tmp_path, available, limit))


def test_a_key_is_read_without_its_newline(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123abcd\n")
    assert read_api_key(tmp_path / "key") == "0123abcd"


@pytest.mark.parametrize("content", ["", "\n", "two words", "two\nlines", "schlüssel"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(StartError, match="does not hold one key"):
        read_api_key(tmp_path / "key")


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot read the key file `.*/absent`"):
        read_api_key(tmp_path / "absent")
    with pytest.raises(StartError, match=f"user {os.getuid()}"):
        read_api_key(tmp_path)
