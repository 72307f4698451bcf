"""``airgap check`` on a real Docker: before anything is there, and beside what runs."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from tests.e2e.bundle import Bundle


def check(bundle: Bundle, **environ: str) -> dict[str, Any]:
    """What the check says, which changes nothing."""
    before = bundle.left()
    done = bundle.airgap("check", "--json", **environ)
    assert bundle.left() == before
    said = json.loads(done.stdout)
    assert isinstance(said, dict)
    assert (done.returncode, done.stderr) == (0 if said["can_run"] else 1, "")
    return said


def found(said: dict[str, Any], name: str) -> tuple[str, str]:
    (one,) = (each for each in said["checks"] if each["name"] == name)
    return one["state"], one["found"]


def test_what_is_carried_over_first_suffices(demo: Bundle, tmp_path: Path) -> None:
    first = tmp_path / "demo"
    shutil.copytree(demo.folder / "lib", first / "lib")
    for name in ("airgap", "bundle.conf"):
        shutil.copy(demo.folder / name, first)
    said = check(Bundle(first, demo.environ))
    assert said["can_run"], said
    assert (said["context"], said["largest_context"]) == (8192, 8192)
    version = demo.docker("version", "--format", "{{.Server.Version}}").strip()
    assert found(said, "docker") == ("ok", version)
    root = demo.docker("info", "--format", "{{.DockerRootDir}}").strip()
    assert root in found(said, "store")[1]
    assert not [each for each in said["checks"] if "gpu" in each["name"]]


def test_the_bundle_that_runs_is_not_in_its_own_way(served: Bundle) -> None:
    said = check(served)
    assert said["can_run"], said
    assert "is loaded already" in found(said, "disk_image")[1]
    assert found(said, "ports")[0] == "ok"
    assert found(said, "disk_state")[0] == "ok"


def test_it_takes_seconds(served: Bundle) -> None:
    seconds = []
    # The best of some: what else the machine does is not what is asked about.
    for _ in range(3):
        began = time.monotonic()
        check(served)
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 10, seconds


def test_a_context_that_the_cache_cannot_hold_is_shortened(served: Bundle) -> None:
    said = check(served, AIRGAP_KV_CACHE_MEMORY="64m")
    assert not said["can_run"]
    assert said["largest_context"] == 2688
    assert "MAX_MODEL_LEN=2688" in said["sentence"]


def test_a_docker_that_is_not_there(demo: Bundle, tmp_path: Path) -> None:
    done = demo.airgap("check", DOCKER_HOST=f"unix://{tmp_path}/nobody")
    assert done.returncode == 1
    *lines, sentence = done.stdout.splitlines()
    (docker,) = (line for line in lines if line.startswith("stop  Docker: "))
    assert f"{tmp_path}/nobody" in docker
    assert sentence.startswith("This host cannot run demo")
