"""docker compose in place of ``airgap up``, with the bundle's own file and with a printed one."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.composed import Options, check_served, of_bundle, printed
from tests.e2e.needs import PATH, program


@pytest.mark.parametrize("options_of", [of_bundle, printed])
def test_compose_serves_what_up_would(demo: Bundle, tmp_path: Path, options_of: Options) -> None:
    assert demo.airgap("down").returncode == 0

    def compose(*arguments: str | Path) -> None:
        """Runs Debian's docker-compose, whose version 1 knows least of the Compose Specification.

        It runs in the bundle's folder, where it finds ``compose.yaml`` by itself.
        """
        done = subprocess.run(
            [program("docker-compose"), *arguments],
            cwd=demo.folder,
            env={"PATH": PATH, "LANG": "C.UTF-8", **demo.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    check_served(demo, compose, options_of(demo, tmp_path))
