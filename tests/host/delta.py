"""A newer version of a small bundle, and its way to the host that has the older one."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from airgap.store import Store
from airgap.transport.delta import delta
from tests.host.bundle import HOST, Bundle
from tests.host.test_join import tree

NEW_WEIGHTS = b"W" * 700_000


@dataclass
class Upgrade:
    """Two versions of a bundle; the host has the older one.

    Attributes:
        old: On the host.
        new: On the build machine.
        medium: The folder for parts.
    """

    old: Bundle
    new: Bundle
    medium: Path
    inventory: Path = field(init=False)

    def __post_init__(self) -> None:
        self.medium.mkdir(parents=True)
        self.inventory = self.medium.parent / "demo-inventory.txt"

    @property
    def applied(self) -> Path:
        """Where the newer version is to be."""
        digest = self.new.write_manifest().removeprefix("sha256:")
        return self.old.root.parent / f"demo-{digest[:12]}"

    def take_inventory(self) -> None:
        done = self.old.run("inventory", str(self.inventory))
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr

    def send(self, size: int = 262_148) -> None:
        """Writes the parts for the inventory that came."""
        self.new.write_manifest()
        store = Store(self.medium.parent / "unused")
        delta(store, HOST.parents[1], self.inventory, self.new.root, self.medium, size, 0)

    def carry(self) -> None:
        """All up to the parts being on the host."""
        self.take_inventory()
        self.send()

    def is_applied(self) -> bool:
        return tree(self.applied) == tree(self.new.root)


def upgrade_of(bundle: Bundle, folder: Path) -> Upgrade:
    """A version with changed weights, a new file, one gone, one moved, and a link."""
    new = Bundle(folder / "构建 machine" / "new", bundle.docker, bundle.shell, bundle.settings)
    shutil.copytree(bundle.root, new.root, symlinks=True)
    bundle.write_manifest()
    root = new.root
    (root / "models/small/weights 权重.safetensors").write_bytes(NEW_WEIGHTS)
    (root / "agents/example/知识 文件.txt").rename(root / "agents/example/knowledge.txt")
    (root / "models/minilm/config.json").unlink()
    (root / "image/blobs/sha256" / ("c" * 64)).write_bytes(b"layer of the new one" * 5000)
    (root / "image/blobs/sha256/copy").write_bytes(b"layer of the new one" * 5000)
    (root / "pex").mkdir()
    (root / "pex/link").symlink_to("../agents/example/knowledge.txt")
    (root / "empty").write_bytes(b"")
    new.write_manifest()
    return Upgrade(bundle, new, folder / "介质 and space" / "medium")
