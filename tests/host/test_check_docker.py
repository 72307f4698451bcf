"""What ``airgap check`` says of Docker, of its disks and of how it is set up."""

import json
from pathlib import Path

import pytest

from tests.host import docker_answers
from tests.host.bundle import BUNDLE_CONF
from tests.host.checked_host import SMALL, CheckedHost
from tests.host.conftest import shell_command

LARGE = {**SMALL, "IMAGE_SIZE": "10000000000", "BUNDLE_SIZE": "32000000000"}


@pytest.fixture
def large(tmp_path: Path) -> CheckedHost:
    """A host for a bundle of 32 GB with an image of 10 GB; its df, not busybox's, is replaced."""
    host = CheckedHost(tmp_path, shell_command("dash"))
    host.conf(**LARGE)
    return host


@pytest.mark.parametrize(
    ("answer", "state", "version", "store"),
    [
        (docker_answers.DOCKER_18_03, "stop", "18.03.0-ce", "classic store, overlay2"),
        (docker_answers.DOCKER_20_10, "ok", "20.10.24+dfsg1", "classic store, overlay2"),
        (docker_answers.DOCKER_24, "ok", "24.0.7", "classic store, overlay2, in /var/lib/docker"),
        (docker_answers.DOCKER_28, "ok", "28.2.2", "classic store, overlay2, in /var/lib/docker"),
        (docker_answers.DOCKER_29, "ok", "29.1.2", "overlayfs, in /var/lib/containerd"),
        (docker_answers.DOCKER_29_ALONE, "ok", "29.1.2", "overlayfs, in /var/lib/docker"),
        (docker_answers.PODMAN, "stop", "podman 5.4.2", "in /var/lib/containers/storage"),
    ],
)
def test_versions_and_stores(
    host: CheckedHost, answer: str, state: str, version: str, store: str
) -> None:
    host.docker(answer)
    checked = host.check()
    assert (checked.state("docker"), checked.state("store")) == (state, "ok")
    assert version in checked.of("docker")
    assert store in checked.of("store")
    assert checked.stops == ({"docker"} if state == "stop" else set())


def test_no_docker(host: CheckedHost) -> None:
    checked = host.check(AIRGAP_DOCKER="docker-that-is-not-there")
    assert checked.stops == {"docker"}
    assert 'no command "docker-that-is-not-there"' in checked.of("docker")
    assert "install Docker" in checked.of("docker")


@pytest.mark.parametrize("code", [0, 1])
def test_no_daemon(host: CheckedHost, code: int) -> None:
    host.docker(docker_answers.NOBODY, code=code)
    checked = host.check()
    assert checked.stops == {"docker"}
    assert "Cannot connect to the Docker daemon" in checked.of("docker")
    assert "systemctl start docker" in checked.of("docker")


def test_no_right_to_use_docker(host: CheckedHost) -> None:
    host.program("docker", "echo 'dial unix /var/run/docker.sock: permission denied' >&2; exit 1\n")
    checked = host.check()
    assert checked.stops == {"docker"}
    assert "permission denied" in checked.of("docker")
    assert "group docker" in checked.of("docker")


def test_a_client_of_several_words(host: CheckedHost) -> None:
    host.program("as-root", 'exec "$@"\n')
    assert host.check(AIRGAP_DOCKER="as-root docker").state("docker") == "ok"


def test_a_storage_driver_that_copies_everything(host: CheckedHost) -> None:
    host.docker(docker_answers.info(Driver="vfs", DriverStatus=None))
    checked = host.check()
    assert checked.state("store") == "warn"
    assert "overlay2" in checked.of("store")


@pytest.mark.parametrize(
    ("free", "stops"),
    [(100, set()), (21, set()), (19, {"disk_image"})],
)
def test_room_for_the_image_twice_where_docker_keeps_it(
    large: CheckedHost, free: int, stops: set[str]
) -> None:
    large.disks(var=free, rest=100)
    checked = large.check()
    assert checked.stops == stops
    assert "/var/lib/docker on /var: " in checked.of("disk_image")
    assert "20.0 GB while the image of 10.0 GB is loaded" in checked.of("disk_image")
    assert ('"data-root"' in checked.of("disk_image")) == bool(stops)


def test_another_data_root(large: CheckedHost) -> None:
    large.docker(docker_answers.info(DockerRootDir="/data/docker 1"))
    large.disks(var=1, rest=100)
    checked = large.check()
    assert checked.stops == set()
    assert "/data/docker 1 on /: 100.0 GB free" in checked.of("disk_image")


def test_what_is_needed_on_one_disk_counts_together(large: CheckedHost) -> None:
    large.docker(docker_answers.info(DockerRootDir="/data"))
    large.disks(var=1, rest=52)
    checked = large.check()
    assert (checked.state("disk_image"), checked.state("disk_bundle")) == ("ok", "ok")
    assert checked.state("disk_state") == "warn"
    assert "on the same disk 53.0 GB" in checked.of("disk_state")
    large.disks(var=1, rest=51)
    assert large.check().state("disk_bundle") == "warn"


@pytest.mark.parametrize("key", ["IMAGE_ID", "IMAGE_MANIFEST"])
def test_an_image_that_is_loaded_needs_no_room(large: CheckedHost, key: str) -> None:
    large.disks(var=1, rest=100)
    large.docker(docker_answers.DOCKER_24, image=BUNDLE_CONF[key])
    checked = large.check()
    assert checked.stops == set()
    assert "is loaded already" in checked.of("disk_image")
    large.docker(docker_answers.DOCKER_24, image="sha256:" + "9" * 64)
    assert large.check().stops == {"disk_image"}


def test_a_bundle_that_is_here_needs_no_room(large: CheckedHost) -> None:
    large.disks(var=100, rest=2)
    assert large.check().state("disk_bundle") == "warn"
    for part in ("image", "models/small", "models/minilm"):
        (large.bundle / part).mkdir(parents=True)
    assert large.check().state("disk_bundle") == "ok"


def test_an_image_that_went_straight_into_docker_needs_no_room(large: CheckedHost) -> None:
    large.disks(var=100, rest=2)
    for part in ("models/small", "models/minilm"):
        (large.bundle / part).mkdir(parents=True)
    assert large.check().state("disk_bundle") == "warn"
    large.docker(docker_answers.DOCKER_24, image=BUNDLE_CONF["IMAGE_ID"])
    assert large.check().state("disk_bundle") == "ok"


def test_a_state_folder_that_cannot_be_made(host: CheckedHost) -> None:
    (host.folder / "file").touch()
    checked = host.check(AIRGAP_STATE_DIR=f"{host.folder}/file/state")
    assert checked.stops == {"disk_state"}
    assert f"{host.folder}/file is read-only" in checked.of("disk_state")
    assert "STATE_DIR" in checked.of("disk_state")


@pytest.mark.parametrize(
    ("options", "said"),
    [(["name=rootless", "name=seccomp"], "without root"), (["name=userns"], "userns-remap")],
)
def test_users_of_containers(host: CheckedHost, options: list[str], said: str) -> None:
    host.docker(docker_answers.info(SecurityOptions=options))
    checked = host.check()
    assert (checked.state("users"), checked.code) == ("warn", 0)
    assert said in checked.of("users")
    assert "(warnings: 1)" in checked.said["sentence"]


def test_limits_that_do_not_hold(host: CheckedHost) -> None:
    host.docker(docker_answers.info(MemoryLimit=False, CgroupVersion="1"))
    checked = host.check()
    assert checked.state("cgroup") == "warn"
    assert "cgroup v1" in checked.of("cgroup")


def test_proxies_that_docker_would_inject(host: CheckedHost) -> None:
    assert "puts none" in host.check().of("proxies")
    proxy = "http://alice:sesame@proxy.intranet:3128"
    host.write(
        "home/.docker/config.json",
        json.dumps({"proxies": {"default": {"httpProxy": proxy, "noProxy": "*.lan"}}}),
    )
    checked = host.check()
    assert checked.state("proxies") == "ok"
    assert "http://proxy.intranet:3128" in checked.of("proxies")
    assert "sesame" not in str(checked.said)
    host.docker(docker_answers.info(HttpProxy=proxy))
    assert "sesame" not in str(host.check().said)


def test_forwarding_and_rules(host: CheckedHost) -> None:
    host.write("etc/docker/daemon.json", '{"iptables": true, "data-root": "/x"}')
    assert host.check().state("forwarding") == "ok"
    host.docker(docker_answers.info(IPv4Forwarding=False))
    assert "sysctl -w net.ipv4.ip_forward=1" in host.check().of("forwarding")
    host.write("etc/docker/daemon.json", '{"iptables": false}')
    checked = host.check()
    assert (checked.state("forwarding"), checked.code) == ("warn", 0)
    assert '"iptables": false' in checked.of("forwarding")
