"""Close every way out that a library opens by itself, before any of them is imported."""

import os
from collections.abc import MutableMapping
from pathlib import Path

_CLOSED = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "SCARF_NO_ANALYTICS": "true",
    # It would write into the working folder; the console is what `airgap logs` shows.
    "LOG_ENABLE_FILE": "off",
    "TOKENIZERS_PARALLELISM": "false",
}
_FOLDERS = {
    "GRADIO_TEMP_DIR": "gradio",
    "HF_HOME": "huggingface",
    # An index of ModelScope's source is kept here. One from another start costs a minute, a new
    # one 0.3 s.
    "MODELSCOPE_CACHE": "modelscope",
    "MPLCONFIGDIR": "matplotlib",
}
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def prepare(environ: MutableMapping[str, str], scratch: Path) -> None:
    """Set ``environ`` so that libraries stay at home and write to ``scratch`` alone.

    The working folder becomes ``scratch`` too: modelscope-agent unpacks its sentence data there.
    """
    environ.update(_CLOSED)
    for name, folder in _FOLDERS.items():
        (scratch / folder).mkdir()
        environ[name] = str(scratch / folder)
    for name in _PROXIES:
        environ.pop(name, None)
        environ.pop(name.upper(), None)
    os.chdir(scratch)
