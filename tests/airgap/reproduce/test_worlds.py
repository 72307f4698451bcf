"""The two worlds as a build in them sees them."""

import inspect
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from airgap.reproduce import seen
from airgap.reproduce.machine import Machine, look_around
from airgap.reproduce.world import World, make_worlds


@pytest.fixture
def places() -> Iterator[Path]:
    # Not below the test's own folder, which nobody else may enter.
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture
def machine() -> Machine:
    return look_around()


@pytest.fixture
def looks(machine: Machine, tmp_path: Path, places: Path) -> list[dict[str, str]]:
    """What is seen in the near world, and what in the far one."""
    real = tmp_path / "real"
    real.mkdir()
    return [look(world) for world in make_worlds(machine, real, places)]


def look(world: World) -> dict[str, str]:
    for name in "abcdefgh":
        (world.real / "files" / name).mkdir(parents=True)
    world.real.chmod(0o777)
    world.environ["PYTHONPATH"] = str(world.folder / "files")
    program = f"{inspect.getsource(seen)}\nimport json\nprint(json.dumps(seen()))"
    command = world.command(["-c", program])
    done = subprocess.run(command, umask=world.umask, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_a_build_sees_another_machine(looks: list[dict[str, str]], machine: Machine) -> None:
    near, far = looks
    expected = {"folder", "HOME", "TMPDIR", "umask", "locale", "time zone"}
    expected |= {"cores"} if len(machine.cores) > 1 and machine.taskset else set()
    if machine.namespaces:
        expected |= {"user"} if machine.user else set()
        expected |= {"clock"} if machine.libfaketime else set()
        expected |= {"order of files"} if machine.disorderfs else set()
        expected |= {"compiler"} if near["compiler"] != "none" else set()
    differing = {what for what in near if near[what] != far[what]}
    assert differing - {"release of Python"} == expected


def test_years_lie_between_the_worlds_for_programs_without_an_environment(
    looks: list[dict[str, str]], machine: Machine
) -> None:
    if not (machine.namespaces and machine.libfaketime):
        pytest.skip("it takes root and libfaketime to set clocks")
    near, far = (int(look["clock"].split()[-1]) for look in looks)
    assert far - near == 10


def test_nothing_of_a_world_is_left_on_the_machine(
    looks: list[dict[str, str]], places: Path
) -> None:
    assert looks
    assert str(places) not in Path("/proc/self/mounts").read_text()
    assert [path for path in places.rglob("*") if path.is_file()] == []


def test_what_is_the_same_in_both_is_told_with_what_it_takes() -> None:
    near = {"umask": "022", "clock": "in the year 2026"}
    far = {"umask": "077", "clock": "in the year 2026"}
    assert seen.differences(near, far) == [
        "umask: 022 | 077",
        "clock: in the year 2026 in both; it takes root, and apt-get install libfaketime",
    ]
