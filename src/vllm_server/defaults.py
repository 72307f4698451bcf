"""What holds where a request says nothing: temperature, length of the answer, and the like."""

import atexit
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from vllm_server.errors import StartError


def write_config_dir(model_dir: Path, changes: dict[str, Any]) -> Path:
    """A folder with the model's `config.json`, and its `generation_config.json` with changes.

    It is removed when this process ends.

    vLLM treats ``max_new_tokens`` from its command line, or from a folder named there for
    generation alone, as a ceiling that cuts what a request asks for. Beside the model's
    configuration it is the default that is meant here.

    Raises:
        StartError: The model's `generation_config.json` cannot be read.
    """
    defaults: dict[str, Any] = {}
    source = model_dir / "generation_config.json"
    if source.exists():
        try:
            defaults = dict(json.loads(source.read_text("utf-8")))
        except (ValueError, TypeError) as error:
            raise StartError(
                f"`{source}` holds no JSON object: {error}", "copy the model's folder again"
            ) from error
    folder = Path(tempfile.mkdtemp(prefix="vllm-server-config-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "config.json").write_bytes((model_dir / "config.json").read_bytes())
    (folder / "generation_config.json").write_text(json.dumps({**defaults, **changes}), "utf-8")
    return folder
