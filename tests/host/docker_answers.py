"""What `docker info --format '{{json .}}'` of several versions says, as far as it is read."""

import json
from typing import Any

_CLASSIC: dict[str, Any] = {
    "ID": "E7PJ:D4AV",
    "Containers": 0,
    "Driver": "overlay2",
    "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
    "MemoryLimit": True,
    "PidsLimit": True,
    "IPv4Forwarding": True,
    "CgroupDriver": "systemd",
    "CgroupVersion": "2",
    "DockerRootDir": "/var/lib/docker",
    "HttpProxy": "",
    "HttpsProxy": "",
    "Labels": ['say "hello" \\ bye'],
    "Runtimes": {"runc": {"path": "runc"}},
    "ServerVersion": "24.0.7",
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
    "Warnings": None,
    "ClientInfo": {"Debug": False, "Plugins": [], "Warnings": None},
}

_CONTAINERD = {
    "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "ServerVersion": "29.1.2",
    "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"],
}

_PODMAN = {
    "host": {
        "arch": "amd64",
        "cgroupVersion": "v2",
        "security": {"rootless": False, "selinuxEnabled": False},
    },
    "store": {"graphDriverName": "overlay", "graphRoot": "/var/lib/containers/storage"},
    "version": {"APIVersion": "5.4.2", "Version": "5.4.2"},
}

_NOBODY = {
    "ServerVersion": "",
    "Driver": "",
    "DockerRootDir": "",
    "ServerErrors": ["Cannot connect to the Docker daemon at unix:///x. Is it running?"],
    "ClientInfo": {"Version": "24.0.7"},
}


def info(**changed: Any) -> str:
    """Of Docker 24 on the classic store, with some values changed."""
    return json.dumps({**_CLASSIC, **changed})


DOCKER_18_03 = info(ServerVersion="18.03.0-ce", CgroupVersion=None, SecurityOptions=[])
DOCKER_20_10 = info(ServerVersion="20.10.24+dfsg1", CgroupVersion="1")
DOCKER_24 = info()
DOCKER_28 = info(
    ServerVersion="28.2.2",
    CDISpecDirs=["/etc/cdi", "/var/run/cdi"],
    Containerd={"Address": "/run/containerd/containerd.sock"},
)
DOCKER_29 = info(**_CONTAINERD, Containerd={"Address": "/run/containerd/containerd.sock"})
DOCKER_29_ALONE = info(
    **_CONTAINERD, Containerd={"Address": "/var/run/docker/containerd/containerd.sock"}
)
PODMAN = json.dumps(_PODMAN)
NOBODY = json.dumps(_NOBODY)
