"""Builds a bundle in both worlds and tells how the two differ."""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import airgap
from airgap.errors import AirgapError
from airgap.make import inputs
from airgap.reproduce import fetched
from airgap.reproduce.compare import Difference, account, compare, first_difference
from airgap.reproduce.machine import look_around
from airgap.reproduce.seen import differences
from airgap.reproduce.world import World, make_worlds
from airgap.store import Store

log = logging.getLogger(__name__)

_BYTE_CODE = shutil.ignore_patterns("__pycache__")


def reproduce(store: Store, root: Path, name: str) -> None:
    """Build a bundle twice from empty stores and compare the builds, and what is in ``dist/``.

    Takes the time of two cold builds, and on the store's disk twice the bundle's size.

    Args:
        store: Has what locks name or gets it, so that the builds themselves need no network.
        root: The repository.
        name: The bundle's; `./pants package` has made it from what the repository is now.

    Raises:
        AirgapError: The builds differ, or one of them failed.
    """
    receipt = root / "dist" / f"{name}.receipt"
    spec = _spec(root, receipt)
    with store.workdir() as real, tempfile.TemporaryDirectory(prefix="airgap-") as places:
        os.chmod(places, 0o755)
        near, far = make_worlds(look_around(), real, Path(places))
        for world in (near, far):
            _fill(store, root, spec, world)
            log.info("building %s in the %s world", name, world.name)
            _build(world, name)
        log.info("comparing")
        found = list(compare(*(world.real / "dist" / name for world in (near, far))))
        receipts = [world.real / "dist" / receipt.name for world in (near, far)]
        found += _compare_receipts(receipt, *receipts)
        _tell(near, far)
        if found:
            raise _fault(name, found)
        made = json.loads(receipt.read_bytes())
    print(f"{name}: both builds are the same, in every byte, mode and time, and so is dist/{name}")
    print("\n".join(made["summary"]))


def _spec(root: Path, receipt: Path) -> dict[str, Any]:
    """What the bundle is made from."""
    try:
        made: dict[str, Any] = json.loads(receipt.read_bytes())
    except (OSError, ValueError):
        made = {}
    spec = made.get("spec")
    remedy = f"./pants package, with the bundle's address, then run this again; see {receipt.name}"
    doing, subject = "reading what the bundle is made from, in", f"dist/{receipt.name}"
    if not isinstance(spec, dict):
        found = made.get("left_out") or f"models replaced: {made.get('replaced_models')}"
        if not made:
            found = "no receipt of a build"
        raise AirgapError(
            doing, subject, expected="a specification", found=str(found), remedy=remedy
        )
    now = inputs(spec, root)
    changed = sorted({path for path, _ in now.items() ^ made["inputs"].items()})
    if changed:
        found = f"others now: {', '.join(changed[:5])}"
        raise AirgapError(
            doing, subject, expected="the files of the repository", found=found, remedy=remedy
        )
    return spec


def _fill(store: Store, root: Path, spec: dict[str, Any], world: World) -> None:
    """Put into a world's folder all that its build starts from."""
    real = world.real
    for name in ("HOME", "TMPDIR"):
        (real / Path(world.environ[name]).relative_to(world.folder)).mkdir(parents=True)
    (real / "dist").mkdir()
    fetched.copy_fetched(store, spec, root, Store(real / "store"))
    variables = fetched.copy_sources(store, spec, root, real / "sources")
    for variable, name in variables.items():
        world.environ[variable] = str(world.folder / "sources" / name)
    world.environ["PYTHONPATH"] = os.pathsep.join(
        str(world.folder / "packages" / name) for name in _copy_packages(real / "packages")
    )
    for path in inputs(spec, root):
        (real / "root" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, real / "root" / path)
    (real / "spec.json").write_text(json.dumps(spec))
    if world.user is not None:
        for folder, _, files in os.walk(real):
            for path in (folder, *(os.path.join(folder, file) for file in files)):
                os.chown(path, world.user.pw_uid, world.user.pw_gid)


def _copy_packages(folder: Path) -> Iterator[str]:
    """Copy this program and its libraries, and name the folders for Python's path."""
    own = Path(airgap.__file__).parent
    shutil.copytree(own, folder / "program" / own.name, ignore=_BYTE_CODE, copy_function=_copy)
    yield "program"
    # Nothing else: Python may have been told to look in folders of any size.
    libraries = (Path(entry) for entry in sys.path if Path(entry).name == "site-packages")
    for number, entry in enumerate(filter(Path.is_dir, libraries)):
        shutil.copytree(entry, folder / str(number), ignore=_BYTE_CODE, copy_function=_copy)
        yield str(number)


def _copy(source: str, copy: str) -> None:
    # Not a link, not its mode: a PEX is a folder of links that another user may not follow.
    shutil.copyfile(source, copy)


def _build(world: World, name: str) -> None:
    module = ["-m", "airgap.reproduce.build", "store", "spec.json", "root"]
    command = world.command([*module, f"dist/{name}", f"dist/{name}.receipt"])
    done = subprocess.run(
        command, umask=world.umask, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        raise AirgapError(
            f"building in the {world.name} world",
            name,
            expected="a build that needs nothing but what its locks name",
            found=done.stderr.strip()[-4000:] or f"exit status {done.returncode}",
        )


def _compare_receipts(packaged: Path, near: Path, far: Path) -> Iterator[Difference]:
    """Those of both worlds, and that of `./pants package`: a third build, by another way."""
    if (at := first_difference(near, far)) is not None:
        yield Difference(near.name, f"differs from byte {at} on", (near, far))
    of_package, made = (json.loads(path.read_bytes()) for path in (packaged, near))
    files, others = of_package["files"], made["files"]
    for path in sorted(files.keys() | others.keys()):
        if files.get(path) != others.get(path):
            yield Difference(path, "is another in dist/, where package made it")


def _tell(near: World, far: World) -> None:
    print("How the near and the far world differed, seen from inside:")
    for line in differences(
        *(json.loads((w.real / "seen.json").read_bytes()) for w in (near, far))
    ):
        print(f"  {line}")


def _fault(name: str, found: list[Difference]) -> AirgapError:
    lines = [f"{difference.name} {difference.what}" for difference in found[:40]]
    if len(found) > 40:
        lines.append(f"and {len(found) - 40} more")
    of_bytes = next((item.paths for item in found if item.paths is not None), None)
    said = "" if of_bytes is None else f"\n\n{account(of_bytes)}"
    return AirgapError(
        "comparing two builds of",
        name,
        expected="the same files, down to every byte",
        found=f"{len(found)} differences, causes first:\n    " + "\n    ".join(lines) + said,
        remedy="look at the first difference; the others may follow from it",
    )
