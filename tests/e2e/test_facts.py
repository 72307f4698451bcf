"""What the built demo's bundle.conf says of its model and its size is so."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def conf(demo_folder: Path) -> dict[str, str]:
    lines = (demo_folder / "bundle.conf").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {key: value.strip("'") for key, _, value in pairs}


def test_the_models_facts_are_those_of_its_files(demo_folder: Path, conf: dict[str, str]) -> None:
    model = demo_folder / "models" / conf["LLM"]
    config = json.loads((model / "config.json").read_text())
    weights = sum(path.stat().st_size for path in model.glob("*.safetensors"))
    # SmolLM2-135M: 30 layers, 3 heads of 64 for keys and values, two bytes each.
    assert conf["MODEL_KV_PER_TOKEN"] == str(2 * 30 * 3 * 64 * 2)
    assert conf["MODEL_WEIGHTS"] == str(weights)
    assert conf["MODEL_ARCHITECTURE"] == config["architectures"][0] == "LlamaForCausalLM"
    assert conf["MODEL_MAX_LEN"] == str(config["max_position_embeddings"])


def test_the_sizes_are_those_of_the_files(demo_folder: Path, conf: dict[str, str]) -> None:
    def size(folder: Path) -> int:
        files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        return sum(path.stat().st_size for path in files)

    own = ("MANIFEST", "bundle.conf", "airgap.conf")
    extra = sum(file.stat().st_size for file in map(demo_folder.joinpath, own) if file.exists())
    assert conf["IMAGE_SIZE"] == str(size(demo_folder / "image"))
    assert conf["BUNDLE_SIZE"] == str(size(demo_folder) - extra)


def test_a_stack_for_the_cpu_asks_for_no_gpu(conf: dict[str, str]) -> None:
    assert not [key for key in conf if key.startswith("STACK_")]
