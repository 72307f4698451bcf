"""Run as uid 1000 in the bundle's image, with the state folder at the path given first.

Usage: passwords.py STATE first | set NAME

first prints "NAME PASSWORD" of the account that it made with a random password when there was no
STATE/passwords, as long as they hold; set gives an account a new random password and prints it.
STATE/passwords is mounted where agents run code, so it has hashes; the first password is kept for
the operator in STATE/first-password, which is mounted nowhere.
"""

import os
import secrets
import sys
from pathlib import Path

from login.accounts import hashed, matches

FIRST = "local_user"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
HEAD = """\
# Who may log in: lines NAME:PASSWORD or NAME:scrypt$... To add one: airgap password NAME
# 谁可以登录：每行 NAME:PASSWORD 或 NAME:scrypt$...。添加账号：airgap password 名称
"""


def random_password() -> str:
    """16 letters in four groups, 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def write_new(path: Path, text: str) -> None:
    """Writes a file that only this user reads; whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def write_over(path: Path, text: str) -> None:
    """Writes into the file that containers have mounted: another one they would not see."""
    with path.open("r+") as file:
        file.write(text)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def make_first(state: Path) -> None:
    """Makes the first account, if there is no file of them."""
    if not (state / "passwords").exists():
        password = random_password()
        write_new(state / "first-password", f"{password}\n")
        write_new(state / "passwords", f"{HEAD}{FIRST}:{hashed(password)}\n")


def first(state: Path) -> None:
    make_first(state)
    kept = state / "first-password"
    password = kept.read_text().strip() if kept.exists() else ""
    for line in (state / "passwords").read_text().splitlines():
        name, _, entry = line.strip().partition(":")
        if password and name == FIRST and matches(entry, password):
            print(FIRST, password)


def give(state: Path, name: str) -> None:
    make_first(state)
    path = state / "passwords"
    password = random_password()
    lines = path.read_text().splitlines()
    others = [line for line in lines if line.strip().partition(":")[0] != name]
    write_over(path, "\n".join((*others, f"{name}:{hashed(password)}", "")))
    if name == FIRST:
        write_new(state / "first-password", f"{password}\n")
    print(password)


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case [state, "first"]:
                first(Path(state))
            case [state, "set", name]:
                give(Path(state), name)
    except OSError as error:
        sys.exit(str(error))
