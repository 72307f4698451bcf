import json
from pathlib import Path

import pytest

from vllm_server.defaults import write_config_dir
from vllm_server.errors import StartError


def test_changes_are_laid_over_the_models_own_defaults(model: Path) -> None:
    folder = write_config_dir(model, {"temperature": 0, "max_new_tokens": 512})
    config = json.loads((folder / "generation_config.json").read_text())
    assert config == {"eos_token_id": 2, "temperature": 0, "max_new_tokens": 512}
    assert (folder / "config.json").read_bytes() == (model / "config.json").read_bytes()


def test_a_model_without_defaults_gets_the_changes_alone(model: Path) -> None:
    (model / "generation_config.json").unlink()
    folder = write_config_dir(model, {"temperature": 0})
    assert json.loads((folder / "generation_config.json").read_text()) == {"temperature": 0}


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_damaged_defaults_are_named(model: Path, text: str) -> None:
    (model / "generation_config.json").write_text(text)
    with pytest.raises(StartError, match=r"generation_config\.json` "):
        write_config_dir(model, {})
