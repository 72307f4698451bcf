"""Makes the last layers: others' sources, the apps' own, and what turns each stack into a venv.

The apps' is a layer of its own, and small, so that a changed line ships a few kilobytes.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from airgap.image.bytecode import Compiler, pyc_path
from airgap.image.prefix import Prefix
from airgap.image.tar import LayerTar

APP = "opt/app"
"""The folder of the sources in the layer."""


def write_app_layer(
    tar: LayerTar, sources: Mapping[str, Path], prefixes: Iterable[Prefix], compiler: Compiler
) -> None:
    """Add sources and their byte-code to a layer, all in memory: sources are small.

    Args:
        tar: The layer, which stays open.
        sources: Files by their path under `APP`.
        prefixes: The stacks that are to find the sources on `sys.path`; none where another layer
            sees to that.
        compiler: Compiles each ``.py`` file.

    Raises:
        AirgapError: A path is hostile or there twice.
    """
    for prefix in sorted(prefixes, key=lambda prefix: prefix.path):
        prefix.add_skeleton(tar, f"/{APP}")
    tar.folder(APP)
    contents = {path: sources[path].read_bytes() for path in sorted(sources)}
    byte_code = {
        path: compiler.compile(f"/{APP}/{path}", data)
        for path, data in contents.items()
        if path.endswith(".py")
    }
    for path, data in contents.items():
        tar.file(f"{APP}/{path}", data)
        if path in byte_code and (code := byte_code[path].result()) is not None:
            tar.file(pyc_path(f"{APP}/{path}"), code)
