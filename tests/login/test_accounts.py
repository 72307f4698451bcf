"""The password file says who may log in, at every moment, and a slip in it opens nothing."""

import os
from pathlib import Path

import pytest

from login.accounts import Accounts, PasswordFileError, hashed, make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "passwords"


def test_plain_and_hashed_passwords_are_checked(path: Path) -> None:
    path.write_text(f"# who may log in\n\nann:s3cret: with a colon\nbob:{hashed('密码')}\n")
    accounts = Accounts(path)
    assert accounts.check("ann", "s3cret: with a colon")
    assert accounts.check("bob", "密码")
    for name, password in (("ann", "密码"), ("ann", ""), ("bob", hashed("密码")), ("eve", "")):
        assert not accounts.check(name, password)


def test_a_hash_does_not_show_that_two_have_the_same_password() -> None:
    assert hashed("same") != hashed("same")


def test_a_changed_file_counts_at_once(path: Path) -> None:
    path.write_text("ann:one\n")
    accounts = Accounts(path)
    before = accounts.fingerprint("ann")
    path.write_text("ann:another\nbob:two\n")
    assert accounts.check("bob", "two")
    assert not accounts.check("ann", "one")
    assert accounts.fingerprint("ann") != before


def test_half_an_edit_lets_nobody_in_and_locks_nobody_out(path: Path) -> None:
    path.write_text("ann:one\n")
    accounts = Accounts(path)
    path.write_text("ann\n")
    assert accounts.check("ann", "one")
    path.unlink()
    assert accounts.check("ann", "one")
    path.write_text("bob:two\n")
    assert not accounts.check("ann", "one")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no account"),
        ("# nobody\n", "no account"),
        ("ann\n", "line 1"),
        ("ann:\n", "line 1"),
        ("ann:one\nann:two\n", "second time"),
        ("user:one\n", "not `user`"),
        ("../etc:one\n", "line 1"),
        ("Ann:one\n", "line 1"),
        ("a b:one\n", "line 1"),
        (f"{'a' * 33}:one\n", "line 1"),
        ("ann:scrypt$x\n", "no scrypt hash"),
        (f"ann:scrypt$3${hashed('one').split('$', 2)[2]}\n", "no scrypt hash"),
        # Would take all memory.
        (f"ann:scrypt$1073741824${hashed('one').split('$', 2)[2]}\n", "no scrypt hash"),
    ],
)
def test_a_file_that_makes_no_sense_stops_the_start(path: Path, text: str, found: str) -> None:
    path.write_text(text)
    with pytest.raises(PasswordFileError, match=found):
        Accounts(path)


def test_no_message_shows_a_password(path: Path) -> None:
    path.write_text("Ann:s3cret\n")
    with pytest.raises(PasswordFileError) as raised:
        Accounts(path)
    assert "s3cret" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_file_is_made_once_and_for_its_owner_alone(path: Path) -> None:
    assert make(path, "local_user")
    made = path.read_text()
    assert Accounts(path).check("local_user", made.strip().partition(":")[2])
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert not make(path, "local_user")
    assert path.read_text() == made
