"""The environment of upstream and its libraries, which read it when they are imported."""

import os
from collections.abc import MutableMapping
from pathlib import Path

from agentfabric_offline.settings import Settings

_CLOSED = {
    # Else gradio asks two hosts for its newest release and for this machine's address.
    "GRADIO_ANALYTICS_ENABLED": "False",
    # Else code that an agent runs looks a model's name up on its hub, and waits for an answer.
    "HF_HUB_OFFLINE": "1",
    # Else the reader of knowledge files reports each use to packages.unstructured.io.
    "SCARF_NO_ANALYTICS": "true",
    # Else it writes into the working folder; the console is what is kept.
    "LOG_ENABLE_FILE": "off",
    # Else tokenizers warn when the code interpreter starts its kernel.
    "TOKENIZERS_PARALLELISM": "false",
}
_SERVING = {
    # Else a visitor's answer starts when the one before it, of whoever, is complete.
    "GRADIO_DEFAULT_CONCURRENCY_LIMIT": "10",
}
_FOLDERS = {
    # Files that visitors upload, until upstream has copied them.
    "GRADIO_TEMP_DIR": "gradio",
    "HF_HOME": "huggingface",
    # Holds an index of ModelScope's source. One from another start costs a minute, a new one 0.3 s.
    "MODELSCOPE_CACHE": "modelscope",
    "MPLCONFIGDIR": "matplotlib",
}
_HERE = ("localhost", "127.0.0.1", "0.0.0.0")


def prepare(environ: MutableMapping[str, str], settings: Settings, scratch: Path) -> None:
    """Set ``environ`` so that no library reaches out, and all write below ``scratch``."""
    environ.update(_CLOSED | _SERVING)
    for name, folder in _FOLDERS.items():
        (scratch / folder).mkdir()
        environ[name] = str(scratch / folder)
    environ["CODE_INTERPRETER_WORK_DIR"] = str(settings.code_interpreter_dir)
    for name in ("NO_PROXY", "no_proxy"):
        # A proxy is for other hosts; this one is reached without.
        environ[name] = ",".join(filter(None, (environ.get(name, ""), *_HERE)))


def use_as_working_folder(scratch: Path) -> None:
    """Work in ``scratch``: upstream reads some files relatively, and libraries write there."""
    os.chdir(scratch)
