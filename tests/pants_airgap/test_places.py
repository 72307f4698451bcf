"""What `./pants lint` finds of registries and folders in files, and what it leaves in peace."""

from __future__ import annotations

import pytest

from pants_airgap.places import FOLDER, REGISTRY, Found, Places

# Put together, so that this file passes the check itself.
DOT, SLASH = ".", "/"
HERE = SLASH + "srv/checkouts/airgap"
PLACES = Places(["index.company.example", "download.pytorch.org"], [HERE])


def found(text: str) -> list[Found]:
    return list(PLACES.find(text.encode()))


@pytest.mark.parametrize(
    "host",
    [
        f"pypi{DOT}org",
        f"files.python{'hosted'}{DOT}org",
        f"deb{DOT}debian.org",
        f"snapshot{DOT}debian.org",
        f"registry{DOT}npmjs.org",
        f"pypi.tuna{DOT}tsinghua.edu.cn",
        f"mirrors{DOT}aliyun.com",
        "index.company.example",
    ],
)
@pytest.mark.parametrize("around", ["https://{}/simple", "--index {}", '"{}"', "\xff{}:443"])
def test_a_registry_is_found(host: str, around: str) -> None:
    (one,) = found("first line\n" + around.format(host))
    assert (one.line, one.kind) == (2, REGISTRY)
    assert one.place in host or one.place.endswith(host)


@pytest.mark.parametrize(
    "path",
    [
        f"{SLASH}home/jo/airgap",
        f"{SLASH}Users/jo/airgap",
        f"{SLASH}root/.cache/pip",
        f"{SLASH}work/main",
        f"{SLASH}builds/group/airgap",
        f"{SLASH}tmp/tmpab12_xyz",
        f"{SLASH}tmp/pants-sandbox-1/x",
        f"{SLASH}tmp/mine/x",
        HERE,
        f"{HERE}/dist",
    ],
)
@pytest.mark.parametrize("around", ["{}", "cd {} &&", '"{}"', "file://{}", "HOME={}"])
def test_a_folder_is_found(path: str, around: str) -> None:
    assert [one.kind for one in found(around.format(path))] == [FOLDER]


@pytest.mark.parametrize(
    "text",
    [
        "pkg:pypi/torch@2.10",
        "https://github.com/modelscope/modelscope-agent",
        "https://download.pytorch.org/whl/cpu",
        "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
        "mirror.lan deb.example.org",
        "root:x:0:0:root:" + SLASH + "root:/bin/sh",
        "$work/root/x ${HOME}/work/x ~/.cache third_party/work/x",
        "/tmp/agentfabric/config and /tmp/x",
        HERE + "-of-another",
        "/opt/app /srv/demo /media/disk",
    ],
)
def test_what_belongs_to_no_machine_is_left_in_peace(text: str) -> None:
    assert found(text) == []
