"""Any bundle in any parts with any damage: the receiver names just that, and joins what is whole.

`AIRGAP_TEST_EXAMPLES=1000` tries that many of them. Of an example that fails the damage is printed,
and how to try it again.
"""

import os
import random
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.airgap.transport.bundles import make_bundle
from tests.host.bundle import environ_in
from tests.host.conftest import SHELLS, shell_command
from tests.host.test_join import same
from tests.host.transfer import Transfer, split

EXAMPLES = int(os.environ.get("AIRGAP_TEST_EXAMPLES", "25"))
HEADER = 4096


@dataclass
class Medium:
    """A folder of parts, and what must be said of it.

    Attributes:
        whole: The numbers of parts that are there whole.
        named: The numbers of parts of which a damaged file tells by its header what it is.
        strange: Whether a file has the name of a part and no header.
        foreign: Whether a part of another bundle is there.
    """

    out: Path
    other: Path
    data: st.DataObject
    number: int = 0
    whole: set[int] = field(default_factory=set)
    named: set[int] = field(default_factory=set)
    strange: bool = False
    foreign: bool = False

    @property
    def part(self) -> Path:
        """The part that is damaged next, where it was."""
        (path,) = self.out.glob(f"*.{self.number:03}.part")
        return path

    def spoiled(self, at: int) -> None:
        """Its bytes from here on are not what they were."""
        self.whole.discard(self.number)
        if at < HEADER:
            self.strange = True
        else:
            self.named.add(self.number)


def flip(medium: Medium) -> None:
    data = bytearray(medium.part.read_bytes())
    at = medium.data.draw(st.integers(0, len(data) - 1))
    data[at] ^= 1 << medium.data.draw(st.integers(0, 7))
    medium.part.write_bytes(data)
    medium.spoiled(at)


def lose(medium: Medium) -> None:
    medium.part.unlink()
    medium.whole.discard(medium.number)


def swap(medium: Medium) -> None:
    other = sorted(medium.out.glob("*.part"))[0]
    between = medium.out / "between"
    one, two = medium.part, other
    one.rename(between)
    if one != two:
        two.rename(one)
    between.rename(two)


def truncate(medium: Medium) -> None:
    length = medium.data.draw(st.integers(0, medium.part.stat().st_size - 1))
    # Behind its last line a header is only filled up.
    text = len(medium.part.read_bytes()[:HEADER].rstrip(b"\n"))
    os.truncate(medium.part, length)
    medium.spoiled(HEADER if length >= text else 0)


def extend(medium: Medium) -> None:
    with medium.part.open("ab") as file:
        file.write(medium.data.draw(st.binary(min_size=1, max_size=5000)))
    medium.spoiled(HEADER)


NAMES = st.sampled_from(["photo.jpg", "a b ", "x.001 (1).part", ".hidden", "-n", "\\", "第 一 卷"])


def duplicate(medium: Medium) -> None:
    shutil.copy(medium.part, medium.out / f"copy {medium.data.draw(NAMES)}")


def rename(medium: Medium) -> None:
    medium.part.rename(medium.out / f"{medium.number}{medium.data.draw(NAMES)}")


def replace(medium: Medium) -> None:
    """A part of another bundle under the name of this one."""
    shutil.copy(sorted(medium.other.glob("*.part"))[0], medium.part)
    medium.whole.discard(medium.number)
    medium.foreign = True


DAMAGES: list[Callable[[Medium], None]] = [
    flip,
    lose,
    swap,
    truncate,
    extend,
    duplicate,
    rename,
    replace,
]


def numbers(ranges: str) -> set[int]:
    """Of a line of a receipt."""
    found: set[int] = set()
    for first, last in re.findall(r"([0-9]+)(?:-([0-9]+))?", ranges):
        found |= set(range(int(first), int(last or first) + 1))
    return found


@pytest.fixture(params=SHELLS, scope="module")
def shell(request: pytest.FixtureRequest) -> list[str]:
    return shell_command(request.param)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_what_is_damaged_is_named_and_what_is_joined_is_the_same(
    shell: list[str], data: st.DataObject
) -> None:
    sizes = data.draw(st.lists(st.integers(0, 40_000), min_size=1, max_size=6))
    content = random.Random(data.draw(st.integers(0, 2**32)))
    paths = ["a", "image/blobs/sha256/x", "b/漢 字", "models/m/w", "image/index.json", "z " * 60]
    files = {path: content.randbytes(size) for path, size in zip(paths, sizes, strict=False)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = make_bundle(folder / "small", {**files, "last": b"x" * 9000}, {"link": "a"})
        split(bundle, folder / "out", data.draw(st.integers(9_000, 40_000)))
        split(make_bundle(folder / "another", {"a": b"other" * 2000}), folder / "other", 9_000)
        transfer = Transfer(bundle, folder / "out", shell, environ_in(folder))
        count = len(transfer.parts)
        medium = Medium(folder / "out", folder / "other", data, whole=set(range(1, count + 1)))
        chosen = data.draw(st.sets(st.integers(1, count), max_size=3))
        for medium.number in sorted(chosen):
            damage = data.draw(st.sampled_from(DAMAGES))
            if damage is swap and chosen != {medium.number}:
                continue  # Then the numbers in names say nothing of the others.
            note(f"{damage.__name__} part {medium.number} of {count}")
            damage(medium)

        dest = folder / "dest"
        verified = transfer.run("verify", "--receipt", folder / "receipt")
        joined = transfer.run("join", dest)
        note(verified.stdout + verified.stderr + joined.stderr)
        if not medium.whole | medium.named:
            # All that is left, if anything, is of another transfer.
            assert joined.returncode == 1
            assert not (dest / "small").exists()
            return
        lacks = set(range(1, count + 1)) - medium.whole
        if len(medium.whole | medium.named) == 1 and medium.foreign:
            # One part of each of two transfers.
            assert (verified.returncode, joined.returncode) == (1, 1)
            return
        receipt = (folder / "receipt").read_text().splitlines()
        said = dict(line.split(" ", 1) for line in receipt if line.startswith(("mi", "da")))
        assert numbers(said["missing"]) == lacks - medium.named
        assert numbers(said["damaged"]) == lacks & medium.named
        assert verified.returncode == joined.returncode == (1 if lacks else 0)
        assert ("no part  " in verified.stdout) == medium.strange
        assert ("foreign  " in verified.stdout) == medium.foreign
        assert (dest / "small").exists() == (not lacks)
        assert lacks or same(dest / "small", bundle)
