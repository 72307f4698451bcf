"""``airgap-parts join`` makes the folder of the bundle again, or nothing of its name."""

import os
import shutil
from pathlib import Path

import pytest

from tests.host.transfer import Transfer


def same(one: Path, other: Path) -> bool:
    """Are the two folders the same: names, kinds, contents, links?"""
    return tree(one) == tree(other)


def tree(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_file():
            found[name] = (os.access(path, os.X_OK), path.read_bytes())
    return found


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "目标 and 'space'"


def test_the_folder_is_the_same(transfer: Transfer, dest: Path) -> None:
    done = transfer.run("join", dest)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert same(dest / "demo", transfer.bundle)
    assert [path.name for path in dest.iterdir()] == ["demo"]
    assert f"{dest}/demo/airgap check" in done.stdout


def test_what_is_there_is_left_alone(transfer: Transfer, dest: Path) -> None:
    transfer.run("join", dest)
    (dest / "demo" / "airgap.conf").write_text("# mine")
    done = transfer.run("join", dest)
    assert (done.returncode, done.stderr) == (0, "")
    assert "It is there already" in done.stdout
    weights = dest / "demo/models/small/config.json"
    content = weights.read_bytes()
    weights.write_bytes(b"!" * len(content))
    assert "rename or remove that folder" in transfer.fails("join", dest)
    weights.write_bytes(content)
    (dest / "demo" / "README.txt").unlink()
    said = transfer.fails("join", dest)
    assert "missing     README.txt" in said
    assert "rename or remove that folder" in said
    (dest / "demo" / "MANIFEST").write_text("another")
    assert "is not of the bundle sha256:" in transfer.fails("join", dest)


@pytest.mark.parametrize("load", [[], ["--load"]])
def test_with_an_awk_that_has_more_words_of_its_own(
    transfer: Transfer, dest: Path, tmp_path: Path, load: list[str]
) -> None:
    """gawk takes no variable that is named as one of its directives, and then does nothing."""
    if transfer.shell != ["dash"]:
        pytest.skip("busybox runs its own awk")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "awk").write_text(
        "#!/bin/sh\n"
        'case " $* " in *" load="* | *" include="* | *" namespace="* | *" func="*) exit 2 ;; esac\n'
        'exec /usr/bin/awk "$@"\n'
    )
    (tools / "awk").chmod(0o755)
    done = transfer.run("join", *load, dest, PATH=f"{tools}:{transfer.environ['PATH']}")
    assert (done.returncode, done.stderr) == (0, "")
    if load:
        shutil.rmtree(transfer.bundle / "image")
    assert same(dest / "demo", transfer.bundle)
