import io
import struct

import pytest

from airgap.facts.fatbin import Capability, machine_code

PTX, MACHINE_CODE = 1, 2


def entry(kind: int, capability: int, flags: int = 0x11, payload: bytes = b"code" * 4) -> bytes:
    head = struct.pack("<HHIQ", kind, 0x101, 64, len(payload)) + b"\0" * 12
    return (head + struct.pack("<IQQ", capability, 0, flags)).ljust(64, b"\0") + payload


def fat(*entries: bytes) -> bytes:
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, sum(map(len, entries))) + b"".join(entries)


def found(data: bytes) -> list[str]:
    return [str(one) for one in sorted(machine_code(io.BytesIO(data)))]


def test_the_gpus_of_all_fat_binaries_of_a_library_are_found() -> None:
    library = b"\x7fELF" + b"\0" * 60 + fat(entry(MACHINE_CODE, 80), entry(MACHINE_CODE, 86))
    assert found(library + b"text" + fat(entry(MACHINE_CODE, 120)) + b"tail") == [
        "8.0",
        "8.6",
        "12.0",
    ]


def test_ptx_and_code_for_one_gpu_alone_do_not_count() -> None:
    library = fat(entry(MACHINE_CODE, 75), entry(PTX, 80), entry(MACHINE_CODE, 90, flags=0x100011))
    assert found(library) == ["7.5"]


@pytest.mark.parametrize("before", [0, 1, (1 << 20) - 10, (1 << 20) - 2, (1 << 20), 3 << 20])
def test_a_fat_binary_may_lie_across_what_is_read_at_once(before: int) -> None:
    code = fat(entry(MACHINE_CODE, 80, payload=b"x" * (2 << 20)), entry(MACHINE_CODE, 90))
    assert found(b"\xba" * before + code) == ["8.0", "9.0"]


def test_what_inside_code_looks_like_a_header_is_passed_over() -> None:
    inside = fat(entry(MACHINE_CODE, 30))
    assert found(fat(entry(MACHINE_CODE, 80, payload=inside))) == ["8.0"]


@pytest.mark.parametrize("keep", range(1, 100, 7))
def test_a_library_that_ends_early_gives_no_gpu_that_it_has_not(keep: int) -> None:
    assert set(found(fat(entry(MACHINE_CODE, 80))[:keep])) <= {"8.0"}


def test_other_bytes_with_the_same_mark_are_no_fat_binary() -> None:
    assert found(struct.pack("<IHHQ", 0xBA55ED50, 7, 16, 80) + entry(MACHINE_CODE, 80)) == []


def test_machine_code_runs_on_later_gpus_of_its_major_version() -> None:
    assert Capability(8, 9).runs(Capability(8, 6))
    assert not Capability(8, 0).runs(Capability(8, 6))
    assert not Capability(9, 0).runs(Capability(8, 0))
