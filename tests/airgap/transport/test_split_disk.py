"""What disks do to a split: full, read-only, FAT32, one that takes no large files."""

import contextlib
import random
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.transport import transfer
from airgap.transport.receipt import parts_to_send
from tests.airgap.transport.bundles import bytes_in, make_bundle, split_small
from tests.mounts import memory_disk, mounted, not_here

SIZE = 1 << 20


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = random.Random(4)
    files = {f"models/m/{n}": data.randbytes(1_700_000) for n in range(5)}
    return make_bundle(tmp_path_factory.mktemp("disk") / "bundle", files)


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(
    bundle: Path, tmp_path: Path
) -> None:
    with memory_disk(tmp_path / "small", "size=4m") as disk:
        with pytest.raises(AirgapError, match=r"8\.5 MB of free disk space") as raised:
            split_small(bundle, disk / "out", SIZE)
        assert "4.2 MB" in str(raised.value.found)
        assert not list((disk / "out").glob("*.part*"))


def test_when_a_disk_gets_full_on_the_way_a_later_run_goes_on(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with memory_disk(tmp_path / "full", "size=12m") as disk:
        need_space = transfer._need_space

        def then_comes_another(*arguments: object) -> None:
            need_space(*arguments)  # type: ignore[arg-type]
            (disk / "another").write_bytes(bytes(6 << 20))

        monkeypatch.setattr(transfer, "_need_space", then_comes_another)
        with pytest.raises(AirgapError, match="run the same command again; nothing was lost"):
            split_small(bundle, disk / "out", SIZE)
        (first,) = (disk / "out").glob("*.001.part.partial")
        inode = first.stat().st_ino
        assert not list((disk / "out").glob("*.part"))

        (disk / "another").unlink()
        monkeypatch.undo()
        split_small(bundle, disk / "out", SIZE)
        split_small(bundle, tmp_path / "whole", SIZE)
        assert bytes_in(disk / "out") == bytes_in(tmp_path / "whole")
        (first,) = (disk / "out").glob("*.001.part")
        assert first.stat().st_ino == inode


def test_a_disk_that_takes_no_files_as_large_as_the_parts_is_told(
    bundle: Path, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, hard))
    try:
        with pytest.raises(AirgapError, match="choose a smaller --size"):
            split_small(bundle, tmp_path / "out", SIZE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_read_only_medium_is_told_and_still_answers_a_receipt(
    bundle: Path, tmp_path: Path
) -> None:
    with memory_disk(tmp_path / "medium", "size=16m") as disk:
        sent = split_small(bundle, disk / "out", SIZE)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(AirgapError, match="make the folder writable or name another one"):
            split_small(bundle, disk / "out", SIZE)
        with pytest.raises(AirgapError, match="make the folder writable or name another one"):
            split_small(bundle, disk / "new", SIZE)
        assert sent.bundle == "small"
        with pytest.raises(AirgapError, match="the receipt"):
            parts_to_send("", disk / "out")


@contextlib.contextmanager
def stick(folder: Path, image: Path) -> Iterator[Path]:
    """The FAT32 of an image, by the kernel or else by a program in its place."""
    if " vfat\n" not in Path("/proc/filesystems").read_text().replace("\t", " "):
        if shutil.which("fusefat") is None or not Path("/dev/fuse").exists():
            not_here("neither the kernel nor fusefat can mount FAT32")
        folder.mkdir(exist_ok=True)
        subprocess.run(["fusefat", "-o", "rw+", image, folder], check=True, capture_output=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", folder], check=True)
        return
    with mounted(folder, "-o", "loop", image) as disk:
        yield disk


def test_parts_are_written_to_fat32_and_found_there_as_they_were(
    bundle: Path, tmp_path: Path
) -> None:
    if shutil.which("mkfs.vfat") is None:
        not_here("no mkfs.vfat, which is of the package dosfstools")
    image = tmp_path / "stick.img"
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.vfat", "-F", "32", image], check=True, capture_output=True)
    split_small(bundle, tmp_path / "whole", SIZE)
    with stick(tmp_path / "stick", image) as disk:
        split_small(bundle, disk / "out", SIZE)
    # What is read now was on the medium.
    with stick(tmp_path / "stick", image) as disk:
        assert bytes_in(disk / "out") == bytes_in(tmp_path / "whole")
