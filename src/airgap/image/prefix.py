"""The venv-shaped folder of a stack in the image, and where a wheel's files go in it."""

import re
from dataclasses import dataclass

from airgap.image.interpreter import PYTHON
from airgap.image.tar import LayerTar
from airgap.image.wheel import EntryPoint

SITE_PACKAGES = f"lib/{PYTHON}/site-packages"
"""Relative to the prefix."""

_RESERVED = ("bin/python", "bin/python3", f"bin/{PYTHON}", "pyvenv.cfg")
_HASH_BANG = re.compile(rb"\A#!pythonw?(?=\s|\Z)")

_COMMAND = """\
#!{python}
import sys

from {module} import {first}

if __name__ == "__main__":
    sys.exit({attribute}())
"""


@dataclass(frozen=True)
class Prefix:
    """The folder ``/opt/<stack>``.

    Attributes:
        path: In a layer, so without the first slash: ``opt/vllm-cpu``.
    """

    path: str

    @property
    def python(self) -> str:
        """The absolute path of the stack's interpreter."""
        return f"/{self.path}/bin/python"

    def destination(self, member: str, distribution: str) -> str | None:
        """Where a wheel's file goes, relative to the prefix; None where it may not go.

        The scheme is that of a venv; ``purelib`` and ``platlib`` are one folder there.
        """
        top, _, rest = member.partition("/")
        if not top.endswith(".data"):
            return f"{SITE_PACKAGES}/{member}"
        kind, _, rest = rest.partition("/")
        folders = {
            "purelib": f"{SITE_PACKAGES}/",
            "platlib": f"{SITE_PACKAGES}/",
            "scripts": "bin/",
            "headers": f"include/site/{PYTHON}/{distribution}/",
            "data": "",
        }
        if not rest or kind not in folders:
            return None
        path = folders[kind] + rest
        return None if path in _RESERVED else path

    def script(self, data: bytes) -> bytes:
        """A wheel's script with ``#!python`` turned into the stack's interpreter."""
        return _HASH_BANG.sub(b"#!" + self.python.encode(), data, count=1)

    def command(self, entry: EntryPoint) -> bytes:
        """The program that an entry point asks for."""
        return _COMMAND.format(
            python=self.python,
            module=entry.module,
            first=entry.attribute.split(".")[0],
            attribute=entry.attribute,
        ).encode()

    def add_skeleton(self, tar: LayerTar, search_path: str) -> None:
        """Add what makes the prefix a venv of the image's Python.

        Args:
            tar: The layer.
            search_path: An absolute folder to be on `sys.path` after the stack's own modules.
        """
        for name in ("python", "python3", PYTHON):
            tar.symlink(f"{self.path}/bin/{name}", f"/usr/bin/{PYTHON}")
        settings = "home = /usr/bin\ninclude-system-site-packages = false\n"
        tar.file(f"{self.path}/pyvenv.cfg", settings.encode())
        tar.file(f"{self.path}/{SITE_PACKAGES}/app.pth", f"{search_path}\n".encode())
