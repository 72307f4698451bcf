"""A git repository for one piece of work: it fetches a commit, or takes in files, and gives ids.

git itself does it all, so that ids, proxies, certificates and logins are those of git. Bytes go in
and out as they are: no filter, attribute or line-end setting of the machine is applied.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from airgap.errors import UnavailableError
from airgap.locks.source import EXECUTABLE, LINK, PLAIN, GitFile
from airgap.store import Blob, Store

_ANSWER = 30
"""Seconds within which a host must answer at all; git's own limit, 5 minutes, is that of curl."""

_STALLED = 60
"""Seconds without a kilobyte after which a transfer is given up."""

_SETTINGS = (
    "gc.auto=0",
    "maintenance.auto=false",
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "http.lowSpeedLimit=1000",
    f"http.lowSpeedTime={_STALLED}",
)
# They would lead git to another repository, and git sets them itself where it runs a hook.
_NOT_PASSED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "SSH_ASKPASS")
_CHUNK = 1 << 20


class GitError(Exception):
    """git ended with an error; the text is what it said last."""


@dataclass(frozen=True)
class Content:
    """Bytes on their way into the repository.

    Attributes:
        file: Open for reading, at its start.
        size: In bytes.
    """

    file: IO[bytes]
    size: int


class Repository:
    """A bare repository in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Make an empty repository.

        Raises:
            UnavailableError: git is not installed.
            GitError: It cannot make a repository.
        """
        self._folder = folder
        self._git = _program()
        self._run("init", "--quiet", "--bare", "--template=", "--object-format=sha1", str(folder))

    def ask(self, url: str) -> None:
        """See whether there is a repository.

        Raises:
            GitError: The host does not answer, or not with a repository.
        """
        self._run("ls-remote", "--quiet", url, "HEAD", limit=_ANSWER)

    def fetch(self, url: str, commit: str, *, contents: bool = True) -> None:
        """Bring one commit without its history; ``contents=False`` leaves out the files' bytes.

        Raises:
            GitError: There is no such commit, the transfer stalls, or the disk is full.
        """
        without = () if contents else ("--filter=blob:none",)
        self._run(
            *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head"),
            *(*without, url, commit),
        )

    def take_in(self, files: Iterable[tuple[str, str, Content]]) -> str:
        """Make a tree of files, given as path, mode and content; returns its id.

        Reads and writes every byte once.

        Raises:
            GitError: git refuses a path.
        """
        ref = "refs/heads/taken-in"
        with self._start("fast-import", "--quiet", "--force", "--done") as process:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                _write_stream(process.stdin, ref, files)
                process.stdin.close()
            said = process.stderr.read() if process.stderr is not None else b""
            if process.wait() != 0:
                raise GitError(_last_words(said))
        return self._run("rev-parse", f"{ref}^{{tree}}").strip()

    def ids(self, tree_ish: str, paths: Iterable[str]) -> dict[str, GitFile]:
        """The files and folders at these paths, folders with the mode 040000; absent ones not."""
        return self._listing(tree_ish, *paths)

    def files(self, tree_ish: str, *folders: str) -> dict[str, GitFile]:
        """Every file below the folders, or in the whole tree; a submodule has the mode 160000."""
        return self._listing("-r", tree_ish, *folders)

    def hash(self, data: bytes) -> str:
        """The blob id of these bytes."""
        return self._run("hash-object", "--stdin", "--no-filters", given=data).strip()

    def read(self, file: GitFile) -> bytes:
        """The bytes of a blob, all in memory; none of what is no blob."""
        if file.mode not in (PLAIN, EXECUTABLE, LINK):
            return b""
        with self._start("cat-file", "blob", file.id) as process:
            return process.communicate()[0]

    def export(self, store: Store, files: Mapping[str, GitFile]) -> dict[str, Blob]:
        """Put the contents of files into the store; path -> blob.

        Raises:
            GitError: The repository lacks one of them.
        """
        found = {}
        with self._start("cat-file", "--batch") as process:
            assert process.stdin is not None and process.stdout is not None
            for path, file in files.items():
                process.stdin.write(f"{file.id}\n".encode())
                process.stdin.flush()
                header = process.stdout.readline().split()
                if len(header) != 3:
                    raise GitError(f"no object {file.id} for {path}")
                with store.writer(doing="reading the source's", subject=path) as out:
                    for chunk in _chunks(process.stdout, int(header[2])):
                        out.write(chunk)
                process.stdout.read(1)
                found[path] = out.blob
        return found

    def _listing(self, *arguments: str) -> dict[str, GitFile]:
        listed = self._run("ls-tree", "-z", "--full-tree", *arguments)
        found = {}
        for line in filter(None, listed.split("\0")):
            details, _, path = line.partition("\t")
            mode, _, id = details.split()
            found[path] = GitFile(id, mode)
        return found

    def _run(self, *arguments: str, given: bytes = b"", limit: float | None = None) -> str:
        with self._start(*arguments) as process:
            try:
                out, said = process.communicate(given, timeout=limit)
            except subprocess.TimeoutExpired as error:
                raise GitError(f"no answer within {limit:.0f} seconds") from error
        if process.returncode != 0:
            raise GitError(_last_words(said))
        return out.decode(errors="surrogateescape")

    @contextlib.contextmanager
    def _start(self, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        environ = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED}
        environ |= {"GIT_DIR": str(self._folder), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        # In a group of its own, because git talks to hosts by programs that it starts. With open
        # files, because they hold the work folder: git goes on where only this process is killed.
        options = [option for setting in _SETTINGS for option in ("-c", setting)]
        process = subprocess.Popen(
            [self._git, *options, *arguments],
            env=environ,
            process_group=0,
            close_fds=False,
            **pipes,
        )
        with process:
            try:
                yield process
            except BaseException:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                raise


def _program() -> str:
    # What Pants hands on as PATH may be short.
    found = shutil.which("git", path=f"{os.environ.get('PATH', '')}{os.pathsep}{os.defpath}")
    if found is None:
        raise UnavailableError(
            "looking for",
            "git",
            expected="the program on PATH",
            found="none",
            remedy="install git; it checks a source even where it does not fetch it",
        )
    return found


def _write_stream(out: IO[bytes], ref: str, files: Iterable[tuple[str, str, Content]]) -> None:
    """One commit in the format of git-fast-import(1)."""
    out.write(b"commit %s\ncommitter x <x> 0 +0000\ndata 0\ndeleteall\n" % ref.encode())
    for path, mode, content in files:
        name = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        out.write(b'M %s inline "%s"\ndata %d\n' % (mode.encode(), name, content.size))
        for chunk in _chunks(content.file, content.size):
            out.write(chunk)
        out.write(b"\n")
    out.write(b"done\n")


def _chunks(file: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left > 0:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            raise GitError(f"{left} bytes fewer than there should be")
        left -= len(chunk)
        yield chunk


def _last_words(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return " ".join(line.removeprefix("fatal: ") for line in lines[-3:]) or "git gave no reason"
