"""podman with an empty data root, under a name that the setting DOCKER can have."""

import json
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import needs
from tests.e2e.bundle import Bundle


@contextmanager
def on_podman(demo: Path, more_room: int = 0) -> Iterator[Bundle]:
    """The demo with podman in Docker's place; nothing of it is left.

    Args:
        more_room: What the test needs of the disk beside the image, in bytes.
    """
    needs.root()
    # A short path, because podman refuses long ones.
    with tempfile.TemporaryDirectory(prefix="airgap-podman-") as path:
        folder = Path(path)
        # What is streamed to it podman keeps three times while it loads.
        room = 18_000_000_000 + more_room
        if shutil.disk_usage(folder).free < room:
            pytest.fail(f"podman needs {room / 1e9:.0f} GB in {folder} to load the image")
        client = _client(folder)
        environ = {"AIRGAP_DOCKER": str(client), "AIRGAP_STATE_DIR": str(folder / "state")}
        try:
            yield Bundle(demo, environ, client=str(client))
        finally:
            subprocess.run([client, "system", "reset", "--force"], check=True, timeout=300)


def _client(folder: Path) -> Path:
    """A program that is podman with all that it keeps in the folder."""
    init = json.dumps(needs.program("docker-init"))
    (folder / "containers.conf").write_text(
        # podman's own limits may be more than this machine allows.
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
        # What --init starts is a package of its own for podman, and comes with Docker.
        f"[engine]\ninit_path = {init}\n"
    )
    options = [
        *("--root", f"{folder}/root", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp"),
        *("--storage-driver", "overlay", "--cgroup-manager", "cgroupfs"),
        *("--runtime", needs.program("runc"), "--events-backend", "file"),
    ]
    environ = [f"CONTAINERS_CONF={folder}/containers.conf", f"TMPDIR={folder}", f"HOME={folder}"]
    command = ["env", *environ, f"PATH={needs.PATH}", needs.program("podman"), *options]
    client = folder / "podman"
    client.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    client.chmod(0o755)
    return client
