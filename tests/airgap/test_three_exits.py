import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from airgap import tree
from airgap.image.oci import Layer, Run, assemble
from airgap.image.prefix import Prefix
from airgap.image.tar import LayerTar
from airgap.image.wheel_layer import write_wheel_layer
from airgap.locks.python import Wheel
from airgap.store import Store
from airgap.wheelhouse import wheelhouse
from tests.airgap.small_wheels import add_wheel, greeting_stack
from tests.airgap.three_exits import SITE_PACKAGES as LIB
from tests.airgap.three_exits import differences, stacks_in_image


class NoByteCode:
    """Stands in for the compiler, which needs the locked Python packages; leaves modules as is."""

    def compile(self, path: str, source: bytes) -> Future[bytes | None]:
        future: Future[bytes | None] = Future()
        future.set_result(None)
        return future


def image_of(store: Store, wheels: tuple[Wheel, ...], dest: Path) -> Path:
    compiler: Any = NoByteCode()
    with store.writer() as out:
        tar = LayerTar(out)
        files = [(wheel.filename, store.path(wheel.blob)) for wheel in wheels]
        write_wheel_layer(tar, files, [Prefix("opt/stack")], compiler)
        tar.close()
    image = assemble(store, "localhost/x", [Layer(out.blob, "wheels")], Run(), "1:1")
    tree.write(store, {path: tree.Entry(blob) for path, blob in image.files.items()}, dest)
    return dest


def folder_of(store: Store, wheels: tuple[Wheel, ...], dest: Path) -> Path:
    tree.write(store, wheelhouse(store, wheels), dest)
    return dest


def test_an_image_of_the_same_wheels_has_no_differences(store: Store, tmp_path: Path) -> None:
    odd = add_wheel(
        store,
        "odd",
        "1",
        {
            "odd-1.data/purelib/odd.py": "",
            "odd-1.data/data/share/odd.txt": "text",
            "odd-1.data/scripts/odd": "#!python\n",
            "odd-1.data/headers/odd.h": "",
            "odd-1.dist-info/entry_points.txt": "[console_scripts]\nodd2 = odd:main\n",
        },
    )
    wheels = (*greeting_stack(store), odd)
    stacks = stacks_in_image(image_of(store, wheels, tmp_path / "image"))
    assert list(stacks) == ["stack"]
    assert list(differences(folder_of(store, wheels, tmp_path / "wheels"), stacks["stack"])) == []


def test_each_kind_of_difference_is_found(store: Store, tmp_path: Path) -> None:
    greeter, words = greeting_stack(store)
    other = add_wheel(store, "words", "2.0", {"words.py": "world = 'moon'\n", "more.py": ""})
    extra = add_wheel(store, "extra", "1", {"extra.py": ""})
    stacks = stacks_in_image(image_of(store, (words, extra), tmp_path / "image"))
    wheels = folder_of(store, (greeter, other), tmp_path / "wheels")
    found = list(differences(wheels, stacks["stack"]))
    assert f"{greeter.filename} is not in the image" in found
    assert f"RECORD of {other.filename} in the image says something else of {LIB}/words.py" in found
    assert "extra-1.dist-info is in the image, but no wheel of it is in the wheelhouse" in found
    assert f"{LIB}/more.py is in a wheel, but not in the image" in found
    assert f"{LIB}/words.py in the image has bytes that no wheel has" in found


def test_a_layer_whose_record_lies_is_found(store: Store, tmp_path: Path) -> None:
    wheels = greeting_stack(store)
    image = image_of(store, wheels, tmp_path / "image")
    (layer,) = json.loads((image / "manifest.json").read_bytes())[0]["Layers"]
    data = (image / layer).read_bytes()
    (image / layer).unlink()
    (image / layer).write_bytes(data.replace(b"world = 'world'", b"world = 'wor1d'"))
    stack = stacks_in_image(image)["stack"]
    found = list(differences(folder_of(store, wheels, tmp_path / "wheels"), stack))
    assert found == [f"{LIB}/words.py in the image has bytes that no wheel has"]
