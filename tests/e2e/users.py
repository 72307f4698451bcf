"""Users of a test's own, which the machine does not know: they are in none of its files."""

import os
from pathlib import Path

from tests.e2e.needs import program

UID = 4711
"""Of the user, and of the group of the same number."""
SUBORDINATE = 700_000
"""The first of the 65,536 users that are this one's to give away (subuid(5))."""


def as_user(*groups: int) -> tuple[str, ...]:
    """What comes before a command that the user runs, who is in these groups too."""
    more = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    return (program("setpriv"), f"--reuid={UID}", f"--regid={UID}", more)


def known(name: str, folder: Path) -> tuple[str, ...]:
    """What comes before a command that shall see a machine where the user has a name.

    Writes the files of /etc that say so into the folder; the command has them mounted there.
    """
    folder.mkdir()
    lines = {
        "passwd": f"{name}:x:{UID}:{UID}::/nonexistent:/bin/sh\n",
        "group": f"{name}:x:{UID}:\n",
        "subuid": f"{name}:{SUBORDINATE}:65536\n",
        "subgid": f"{name}:{SUBORDINATE}:65536\n",
    }
    for file, line in lines.items():
        there = Path("/etc", file)
        # Something can be mounted on a file only where there is one.
        there.touch()
        (folder / file).write_text(there.read_text() + line)
        os.chmod(folder / file, 0o644)
    script = 'cd "$0" && for f in *; do mount --bind "$f" "/etc/$f"; done && cd / && exec "$@"'
    return (program("unshare"), "--mount", "sh", "-c", script, str(folder))
