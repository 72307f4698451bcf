"""Run as uid 1000 in the bundle's image: copies agents within, out of and into the state folder.

Usage: agents.py STATE COMMAND ARGUMENT…, where STATE is the state folder:

  prepare NAME ACCOUNT APP PORT  copies the account's agent, to be published under the name
  commit NAME                    makes what was prepared the one that is published
  remove NAME                    removes what is published, and its state
  export ACCOUNT                 writes the account's agent to standard output, as a tar
  export-published NAME          the same with a published one
  import ACCOUNT [replace]       reads such a tar into the account

STATE/agentfabric/config/<account>/  an agent as AgentFabric's page keeps it
STATE/published/<name>/
  publish.conf      what is published, for the operator's program
  config-<id>/      a copy of an agent as config/local_user/, as of one `prepare`
  state/            what the served agent writes

A problem is a last line "problem KEY ARGUMENT…" on standard error, and status 3. Everything is
written under another name first. Code that agents ran may have left links: none is followed.
"""

import io
import json
import os
import re
import secrets
import shutil
import stat
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CONFIG = "builder_config.json"
PLUGIN = "openapi_plugin_config.json"
SERVED_ACCOUNT = "local_user"  # the only one that upstream's appBot.py knows
LARGEST = 1 << 36  # bytes of a file; more makes tarfile count for ever
MOUNTED = "/state/config"  # where the container of the page or the agent sees config/


class Problem(Exception):
    """Something that the operator must hear of: the key of a message and its arguments."""


@dataclass(frozen=True)
class Agent:
    """An agent's folder: what builder_config.json says, and the files that belong to it."""

    folder: Path
    config: dict[str, object]
    files: tuple[str, ...]
    knowledge: tuple[str, ...]

    def config_for(self, folder: str) -> bytes:
        """builder_config.json for an agent whose files lie in `folder`; "" means beside it."""
        knowledge = [os.path.join(folder, name) for name in self.knowledge]
        text = json.dumps({**self.config, "knowledge": knowledge}, ensure_ascii=False, indent=2)
        return text.encode()


def read_agent(folder: Path, called: str) -> Agent:
    """The agent in `folder`, called so in a problem.

    Raises:
        Problem: There is none, or a file of it is missing or malformed.
    """
    if folder.resolve() != folder or not is_file(folder / CONFIG):
        raise Problem("no_agent", called)
    try:
        config = json.loads(read(folder / CONFIG).decode("utf-8-sig"))
        knowledge = config.get("knowledge") or []
        avatar = config.get("avatar") or ""
        if not all(isinstance(name, str) for name in (*knowledge, avatar)):
            raise ValueError("`knowledge` or `avatar` holds no names")
        # What is no text, or no name of a file, shows here.
        json.dumps(config, ensure_ascii=False).encode()
        if any(ord(letter) < 32 for name in (*knowledge, avatar) for letter in name):
            raise ValueError("a name with control characters")
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise Problem("bad_config", called, str(error)) from error
    # AgentFabric writes paths of the machine where the agent was made.
    names = tuple(dict.fromkeys(os.path.basename(name) for name in knowledge))
    for name in names:
        if not name or not is_file(folder / name):
            raise Problem("no_knowledge", called, name or "?")
    if not any(config.get(key) for key in ("name", "description", "instruction")) and not names:
        raise Problem("no_agent", called)
    others = (os.path.basename(avatar), PLUGIN)
    files = (*names, *(name for name in others if name and is_file(folder / name)))
    return Agent(folder, config, tuple(dict.fromkeys(files)), names)


def is_file(path: Path) -> bool:
    """Is it a file of its own, no link?"""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        yield file


def read(path: Path) -> bytes:
    with opened(path) as file:
        return file.read()


def write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def copy(source: Path, target: Path) -> None:
    with opened(source) as file, target.open("xb") as out:
        shutil.copyfileobj(file, out)
        out.flush()
        os.fsync(out.fileno())


def sync(folder: Path) -> None:
    """Makes the names in a folder last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def account_folder(state: Path, account: str) -> Path:
    return state / "agentfabric" / "config" / account


def published_config(home: Path) -> str:
    """The name of the copy that is published, or nothing."""
    try:
        conf = (home / "publish.conf").read_text()
    except FileNotFoundError:
        return ""
    return conf.partition("PUBLISHED_CONFIG=")[2].strip()


def published_folder(state: Path, name: str) -> Path:
    """The copy of the agent that is published under the name.

    Raises:
        Problem: There is none.
    """
    home = state / "published" / name
    config = published_config(home)
    if not config:
        raise Problem("not_published", name)
    return home / config / SERVED_ACCOUNT


def prepare(state: Path, name: str, account: str, app: str, port: str) -> None:
    agent = read_agent(account_folder(state, account), account)
    home = state / "published" / name
    (home / "state" / "config").mkdir(parents=True, exist_ok=True)
    sweep(home)
    config = f"config-{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(2)}"
    folder = home / config / SERVED_ACCOUNT
    folder.mkdir(parents=True)
    for file in agent.files:
        copy(agent.folder / file, folder / file)
    write(folder / CONFIG, agent.config_for(f"{MOUNTED}/{SERVED_ACCOUNT}"))
    sync(folder)
    conf = f"PUBLISHED_FROM={account}\nPUBLISHED_APP={app}\nPUBLISHED_PORT={port}\n"
    write(home / "publish.conf.new", f"{conf}PUBLISHED_CONFIG={config}\n".encode())


def sweep(home: Path) -> None:
    """Removes what an earlier or interrupted publishing left; not what is published."""
    (home / "publish.conf.new").unlink(missing_ok=True)
    current = published_config(home)
    for old in home.glob("config-*"):
        if old.name != current:
            shutil.rmtree(old)


def commit(state: Path, name: str) -> None:
    home = state / "published" / name
    (home / "publish.conf.new").replace(home / "publish.conf")
    sync(home)


def remove(state: Path, name: str) -> None:
    home = state / "published" / name
    (home / "publish.conf").unlink(missing_ok=True)
    shutil.rmtree(home)


def export(folder: Path, called: str) -> None:
    agent = read_agent(folder, called)
    # GNU's form has names as they are; what busybox makes of the other's is question marks.
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for name in agent.files:
            with opened(folder / name) as file:
                member = tarfile.TarInfo(name)
                status = os.fstat(file.fileno())
                member.size, member.mtime = status.st_size, int(status.st_mtime)
                tar.addfile(member, file)
        data = agent.config_for("")
        member = tarfile.TarInfo(CONFIG)
        member.size, member.mtime = len(data), int(time.time())
        tar.addfile(member, io.BytesIO(data))


def import_(state: Path, account: str, replace: bool) -> None:
    target = account_folder(state, account)
    target.mkdir(parents=True, exist_ok=True)
    if target.resolve() != target:
        raise Problem("no_agent", account)
    if not replace and has_agent(target):
        raise Problem("exists", account)
    came = target.with_name(f".{account}.new")
    shutil.rmtree(came, ignore_errors=True)
    came.mkdir()
    try:
        with as_tar_error(), tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
            for member in tar:
                take(tar, member, came)
        agent = read_agent(came, "")
        for name in agent.files:
            (came / name).replace(target / name)
        if PLUGIN not in agent.files:
            (target / PLUGIN).unlink(missing_ok=True)
        (came / "new").unlink(missing_ok=True)
        write(came / "new", agent.config_for(f"{MOUNTED}/{account}"))
        (came / "new").replace(target / CONFIG)
        sync(target)
    finally:
        shutil.rmtree(came)


def take(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Writes a file of the archive's own folder into another, and passes over anything else."""
    if member.issparse() or not 0 <= member.size < LARGEST:
        raise tarfile.ReadError(f"{member.name}: {member.size}")
    name = member.name.removeprefix("./")
    file = tar.extractfile(member)
    if file is not None and "/" not in name:
        with (folder / name).open("xb") as out:
            shutil.copyfileobj(file, out)


@contextmanager
def as_tar_error() -> Iterator[None]:
    """What `tarfile` does not expect of a header becomes its error."""
    try:
        yield
    except (ValueError, OverflowError, RecursionError) as error:
        raise tarfile.ReadError(str(error)) from error


def has_agent(folder: Path) -> bool:
    try:
        read_agent(folder, "")
    except Problem as problem:
        return bool(problem.args[0] != "no_agent")
    return True


def main(state: Path, command: str, *arguments: str) -> None:
    for argument in arguments[:2]:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", argument), argument
    match command:
        case "prepare":
            prepare(state, *arguments)
        case "commit":
            commit(state, *arguments)
        case "remove":
            remove(state, *arguments)
        case "export":
            export(account_folder(state, arguments[0]), arguments[0])
        case "export-published":
            export(published_folder(state, arguments[0]), arguments[0])
        case "import":
            import_(state, arguments[0], len(arguments) > 1)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
    except Problem as problem:
        # One line, whatever others named their files.
        plain = ["".join(c if c.isprintable() else "?" for c in arg) for arg in problem.args]
        print("problem", *plain, sep="\t", file=sys.stderr)
        sys.exit(3)
    except (OSError, tarfile.TarError) as error:
        sys.exit(str(error))
