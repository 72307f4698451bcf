"""The model server of the bundle on a host that has podman and no Docker."""

from pathlib import Path

from tests.e2e.intranet import Seen
from tests.e2e.pex_server import completed, pex_server
from tests.e2e.podman import on_podman


def test_run_pex_serves_the_model(demo_folder: Path, outside: Seen, tmp_path: Path) -> None:
    # What the wheels of the program are unpacked to, beside the image.
    with on_podman(demo_folder, more_room=4_000_000_000) as podman:
        before = len(outside.packets())
        with pex_server(podman, tmp_path) as server:
            assert completed()
            server.terminate()
            server.wait(120)
        assert podman.docker("ps", "--all", "--quiet").split() == []
        assert outside.packets()[before:] == []
