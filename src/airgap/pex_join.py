"""Joins an application to its stack in a PEX; a program, run by `airgap.pex`.

The command line of pex would hash, open and resolve every wheel again for each changed line of the
application. What it found out is in the PEX-INFO of a PEX with the stack alone; from there on these
are the steps that the command line takes too (``pex/bin/pex.py`` of 2.105), to the same bytes.
"""

import json
import os
import sys

from pex.dist_metadata import Distribution  # type: ignore[import-untyped]
from pex.interpreter import PythonInterpreter  # type: ignore[import-untyped]
from pex.layout import Layout  # type: ignore[import-untyped]
from pex.pex_builder import Check, PEXBuilder  # type: ignore[import-untyped]
from pex.pex_info import PexInfo  # type: ignore[import-untyped]
from pex.targets import Targets  # type: ignore[import-untyped]


def join(
    stack_info: str, wheels: str, sources: str, entry_point: str, layout_name: str, out: str
) -> None:
    """Write the PEX ``out``; the wheels of a packed one are hard links.

    Args:
        stack_info: The file PEX-INFO of the stack's own PEX.
        wheels: The folder of the wheels that it names.
        sources: The folder of the application's files.
        entry_point: The module that the PEX runs.
        layout_name: ``zipapp`` or ``packed``.
    """
    with open(stack_info) as file:
        known = json.load(file)
    # These two are hashes of what is put together here.
    del known["code_hash"], known["pex_hash"]
    builder = PEXBuilder(pex_info=PexInfo(known))
    for name, sha256 in sorted(known["distributions"].items()):
        wheel = Distribution.load(os.path.join(wheels, name))
        builder.add_distribution(wheel, fingerprint=sha256)
    for folder, _, names in os.walk(sources):
        for name in names:
            path = os.path.join(folder, name)
            builder.add_source(path, os.path.relpath(path, sources))
    builder.set_entry_point(entry_point)
    builder.freeze(bytecode_compile=False)
    layout = Layout.for_value(layout_name)
    this = Targets(interpreters=(PythonInterpreter.get(),))
    builder.set_sh_boot_script(out, targets=this, python_shebang=None, layout=layout)
    builder.build(
        out,
        bytecode_compile=False,
        deterministic=True,
        layout=layout,
        # zlib's output differs between its builds, and wheels are compressed already.
        compress=False,
        check=Check.ERROR,
    )


if __name__ == "__main__":
    join(*sys.argv[1:])
