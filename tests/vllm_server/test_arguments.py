from pathlib import Path

import pytest

from vllm_server.arguments import read_settings, vllm_arguments
from vllm_server.busy import BusyOnCpu, BusyOnCuda
from vllm_server.errors import StartError


def value_after(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


def test_little_needs_to_be_said() -> None:
    settings = read_settings([], {"MODEL_DIR": "/models/tiny"})
    assert settings.model_names == ("tiny",)
    assert (settings.device, settings.host, settings.port) == ("cpu", "127.0.0.1", 8000)
    assert settings.kv_cache_bytes == 256 * 1024 * 1024
    assert settings.generation_config == {}
    assert settings.api_key_file is None


def test_the_environment_says_it_and_an_option_wins() -> None:
    environ = {
        "MODEL_DIR": "/models/tiny",
        "MODEL_NAME": "tiny-chat",
        "MODEL_ALIASES": "qwen/Qwen1.5-7B-Chat  tiny-chat other",
        "HOST": "0.0.0.0",
        "PORT": "9000",
        "API_KEY_FILE": "/run/key",
    }
    settings = read_settings(["--port", "9001", "--kv-cache-memory", "1G"], environ)
    assert settings.model_names == ("tiny-chat", "qwen/Qwen1.5-7B-Chat", "other")
    assert (settings.host, settings.port) == ("0.0.0.0", 9001)
    assert settings.kv_cache_bytes == 1 << 30
    assert settings.api_key_file == Path("/run/key")


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    environ = dict.fromkeys(
        ("MODEL_NAME", "DEVICE", "PORT", "KV_CACHE_MEMORY", "GENERATION_CONFIG", "DTYPE"), ""
    )
    given = read_settings([], {**environ, "MODEL_DIR": "/models/tiny"})
    assert given == read_settings([], {"MODEL_DIR": "/models/tiny"})


def test_vllm_on_a_cpu() -> None:
    environ = {"MODEL_DIR": "/models/tiny", "MAX_MODEL_LEN": "8192", "MODEL_ALIASES": "a b"}
    arguments = vllm_arguments(read_settings([], environ), Path("/tmp/config"))
    assert "--enforce-eager" in arguments
    assert "--disable-fastapi-docs" in arguments
    assert value_after(arguments, "--kv-cache-memory-bytes") == str(256 << 20)
    assert value_after(arguments, "--max-model-len") == "8192"
    assert value_after(arguments, "--hf-config-path") == "/tmp/config"
    assert value_after(arguments, "--load-format") == "safetensors"
    assert value_after(arguments, "--middleware") == f"{BusyOnCpu.__module__}.BusyOnCpu"
    names = arguments.index("--served-model-name")
    assert arguments[names + 1 : names + 5] == ["tiny", "a", "b", "--host"]


def test_vllm_on_a_gpu() -> None:
    environ = {
        "MODEL_DIR": "/models/tiny",
        "DEVICE": "cuda",
        "GPU_MEMORY_UTILIZATION": "0.85",
        "DTYPE": "half",
        "TENSOR_PARALLEL": "2",
    }
    arguments = vllm_arguments(read_settings([], environ), Path("/tmp/config"))
    assert "--enforce-eager" not in arguments
    assert "--kv-cache-memory-bytes" not in arguments
    assert value_after(arguments, "--gpu-memory-utilization") == "0.85"
    assert value_after(arguments, "--dtype") == "half"
    assert value_after(arguments, "--middleware") == f"{BusyOnCuda.__module__}.BusyOnCuda"
    assert value_after(arguments, "--tensor-parallel-size") == "2"


def test_extra_arguments_come_last_and_are_split_as_a_shell_does() -> None:
    environ = {"MODEL_DIR": "/m", "EXTRA_ARGS": "--max-num-seqs 4 --chat-template '/a b'"}
    arguments = vllm_arguments(read_settings([], environ), Path("/tmp/config"))
    assert arguments[-4:] == ["--max-num-seqs", "4", "--chat-template", "/a b"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEVICE", "gpu"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("PORT", "http"),
        ("MAX_MODEL_LEN", "8k"),
        ("KV_CACHE_MEMORY", "256MB"),
        ("KV_CACHE_MEMORY", "1.5G"),
        ("GPU_MEMORY_UTILIZATION", "1.2"),
        ("GPU_MEMORY_UTILIZATION", "0"),
        ("TENSOR_PARALLEL", "0"),
        ("TENSOR_PARALLEL", "auto"),
        ("GENERATION_CONFIG", "temperature=0"),
        ("GENERATION_CONFIG", "[]"),
        ("EXTRA_ARGS", "'open"),
    ],
)
def test_a_value_without_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(StartError) as caught:
        read_settings([], {"MODEL_DIR": "/models/tiny", name: value})
    assert f"{name} is `{value}`" in str(caught.value)


def test_no_model_is_an_error_of_its_own() -> None:
    with pytest.raises(StartError, match="MODEL_DIR"):
        read_settings([], {})


def test_help_names_every_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_settings(["--help"], {})
    shown = capsys.readouterr().out
    assert "--gpu-memory-utilization GPU_MEMORY_UTILIZATION" in shown
    assert "--generation-config GENERATION_CONFIG" in shown
