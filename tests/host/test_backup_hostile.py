"""A backup that was damaged, or that somebody else wrote, changes nothing when it is restored."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from tests.host.bundle import Bundle
from tests.host.state import beside, files


def members(backup: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(backup) as tar:
        read = []
        for member in tar:
            file = tar.extractfile(member)
            read.append((member, file.read() if file else b""))
        return read


def write(backup: Path, contents: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with tarfile.open(backup, "w", format=tarfile.GNU_FORMAT) as tar:
        for member, data in contents:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def with_file(contents: list[tuple[tarfile.TarInfo, bytes]], member: tarfile.TarInfo) -> Any:
    """The same backup with one more file, which its list names too."""
    *others, (listing, text) = contents
    listed = json.loads(text)
    entry = {"path": member.name, "mode": member.mode, "size": 4}
    listed["entries"].append({**entry, "sha256": hashlib.sha256(b"evil").hexdigest()})
    return [*others, (member, b"evil"), (listing, json.dumps(listed).encode())]


def hostile(name: str, **changed: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    for key, value in changed.items():
        setattr(member, key, value)
    return member


HOSTILE = {
    "absolute": hostile("/etc/evil"),
    "above": hostile("../evil"),
    "in between": hostile("agentfabric/../../evil"),
    "link": hostile("passwords-", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": hostile("agentfabric/x", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
    "device": hostile("agentfabric/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "pipe": hostile("agentfabric/pipe", type=tarfile.FIFOTYPE),
    "set-user-id": hostile("agentfabric/sh", mode=0o4755),
    "versions": hostile("versions"),
    "lines": hostile("agentfabric/two\nlines", type=tarfile.FIFOTYPE),
}


def test_what_no_backup_holds_is_refused(lived_in: Bundle, backup: Path) -> None:
    before = files(lived_in.state)
    contents = members(backup)
    for what, member in HOSTILE.items():
        write(backup, with_file(contents, member))
        assert "holds what no backup holds" in lived_in.fails("restore", str(backup)), what
    assert files(lived_in.state) == before
    assert not (lived_in.root.parent / "evil").exists()
    assert beside(lived_in) == {"demo", "demo-state"}


def test_damage_of_every_kind_is_found_before_anything_changes(
    lived_in: Bundle, backup: Path
) -> None:
    before = files(lived_in.state)
    whole = backup.read_bytes()
    contents = members(backup)
    at = whole.index(b"thyme")
    damaged = {
        "a flipped bit": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
        "half": whole[: len(whole) // 2 // 512 * 512],
        "half a block": whole[:-11_000],
        "empty": b"",
        "no archive": b"no archive" * 1000,
    }
    for what, data in damaged.items():
        backup.write_bytes(data)
        assert "is damaged" in lived_in.fails("restore", str(backup)), what
    for what, fewer in {
        "a file less": contents[:5] + contents[6:],
        "no list": contents[:-1],
        "two lists": [*contents, contents[-1]],
        "a file behind the list": [*contents, contents[3]],
    }.items():
        write(backup, fewer)
        assert "is damaged" in lived_in.fails("restore", str(backup)), what
    assert beside(lived_in) == {"demo", "demo-state"}
    assert "cannot be read" in lived_in.fails("restore", str(backup.parent / "none.tar"))
    assert files(lived_in.state) == before
    backup.write_bytes(whole)
    assert lived_in.run("restore", str(backup)).returncode == 0


def test_a_backup_of_another_bundle_is_refused(lived_in: Bundle, backup: Path) -> None:
    *others, (listing, text) = members(backup)
    write(backup, [*others, (listing, text.replace(b'"demo"', b'"other"'))])
    assert "is of the bundle other" in lived_in.fails("restore", str(backup))
