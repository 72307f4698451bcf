import dataclasses
import shutil
import sys
import tarfile
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.image import build
from airgap.image.build import (
    ImageSpec,
    LayerSpec,
    Stack,
    build_image,
    make_layer,
    plan_layers,
)
from airgap.image.interpreter import PACKAGES
from airgap.store import Blob, Store
from tests.airgap.image.packages import MakeDeb, MakeWheel


def blob(number: int, size: int = 1000) -> Blob:
    return Blob(f"{number:064x}", size)


DEBS = {name: blob(number) for number, name in enumerate((*PACKAGES, "dash"), 1)}


def spec(*wheels: tuple[str, Blob], app: int = 900) -> ImageSpec:
    stacks = [Stack("s", dict(wheels)), Stack("t", {"t-1-py3-none-any.whl": blob(500)})]
    return ImageSpec("localhost/airgap/demo", DEBS, stacks, {"app.py": blob(app)})


def keys(plan: ImageSpec) -> list[str]:
    return [layer.recipe.key for layer in plan_layers(plan)]


SMALL = [(f"small{number}-1-py3-none-any.whl", blob(100 + number)) for number in range(3)]
LARGE = [(f"large{n}-2-py3-none-any.whl", blob(200 + n, (20 + n) << 20)) for n in range(2)]


def test_large_wheels_get_layers_of_their_own_and_the_rest_share_one() -> None:
    assert [layer.description for layer in plan_layers(spec(*SMALL, *LARGE))] == [
        "7 packages of Debian",
        "s: large1 2",
        "s: large0 2",
        "s: 3 wheels",
        "t: t 1",
        "1 files of the apps",
    ]


def test_a_large_wheel_of_two_stacks_is_in_the_image_once() -> None:
    filename, blob_ = LARGE[0]
    stacks = [
        Stack(name, {filename: blob_, f"{name}-1-py3-none-any.whl": blob(7)}) for name in "ts"
    ]
    plan = plan_layers(ImageSpec("localhost/airgap/demo", DEBS, stacks, {}))
    assert [layer.description for layer in plan[1:-1]] == ["s and t: large0 2", "t: t 1", "s: s 1"]
    assert plan[1].recipe.inputs["prefixes"] == ["opt/s", "opt/t"]


def test_the_order_in_which_things_are_named_makes_no_difference() -> None:
    assert keys(spec(*SMALL, *LARGE)) == keys(spec(*reversed([*SMALL, *LARGE])))


def test_a_changed_app_changes_the_last_layer_alone() -> None:
    before, after = keys(spec(*SMALL, *LARGE)), keys(spec(*SMALL, *LARGE, app=901))
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]


def with_source(app: int = 900, **files: Blob) -> ImageSpec:
    plan = spec(*SMALL, *LARGE, app=app)
    return dataclasses.replace(plan, sources={"upstream/lib": dict(files)})


def test_a_source_is_a_layer_of_its_own_below_that_of_the_apps() -> None:
    plan = plan_layers(with_source(core=blob(700)))
    assert [layer.description for layer in plan[-2:]] == [
        "1 files of upstream/lib",
        "1 files of the apps",
    ]
    assert list(plan[-2].recipe.inputs["files"]) == ["upstream/lib/core"]


def test_a_changed_line_of_an_app_does_not_ship_the_source_again() -> None:
    before, after = (keys(with_source(app=app, core=blob(700))) for app in (900, 901))
    assert before[:-1] == after[:-1]
    assert keys(with_source(core=blob(701)))[-2] != before[-2]


def test_another_python_changes_every_layer() -> None:
    other = ImageSpec(
        "localhost/airgap/demo",
        DEBS | {"libpython3.11-minimal": blob(99)},
        spec(*SMALL, *LARGE).stacks,
        {"app.py": blob(900)},
    )
    assert not set(keys(spec(*SMALL, *LARGE))) & set(keys(other))


def test_there_are_never_more_layers_than_engines_take() -> None:
    wheels = [(f"w{n}-1-py3-none-any.whl", blob(1000 + n, (17 << 20) + n)) for n in range(200)]
    plan = plan_layers(spec(*wheels))
    assert len(plan) == 100
    assert plan[1].description == "s: w199 1"
    assert plan[-3].description == "s: 104 wheels"


def test_a_debian_lock_without_python_is_refused() -> None:
    with pytest.raises(AirgapError, match="no libpython3.11-minimal"):
        plan_layers(ImageSpec("x", {k: v for k, v in DEBS.items() if "min" not in k}, [], {}))


def test_a_layer_whose_inputs_are_gone_says_so(store: Store) -> None:
    with pytest.raises(AirgapError, match="no such blob in the store"):
        make_layer(store, plan_layers(spec())[-1])


LOADER = f"""#!/bin/sh
# Stands for the loader of libc6: the Python that runs the tests, in the place of the image's.
unset PYTHONHOME
shift 3
exec {sys.executable} "$@"
"""


@pytest.fixture
def real_spec(store: Store, make_deb: MakeDeb, make_wheel: MakeWheel, tmp_path: Path) -> ImageSpec:
    """A whole image of a few kilobytes."""
    loader = tarfile.TarInfo("./lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
    debs = {name: store.add(make_deb(name)) for name in PACKAGES if name != "libc6"}
    debs["libc6"] = store.add(make_deb("libc6", (loader, LOADER.encode())))
    wheels = {}
    for name in ("one", "two"):
        filename, file = make_wheel({f"{name}.py": b"x = 1\n"}, name=name)
        wheels[filename] = store.add(file)
    (tmp_path / "app.py").write_text("import one\n")
    app = {"app.py": store.add(tmp_path / "app.py")}
    return ImageSpec("localhost/airgap/demo", debs, [Stack("s", wheels)], app)


def test_an_image_is_built_once_and_comes_out_the_same_everywhere(
    store: Store, real_spec: ImageSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = build_image(store, real_spec)
    names = set()
    for layer in plan_layers(real_spec):
        with tarfile.open(store.path(make_layer(store, layer))) as tar:
            names |= set(tar.getnames())
    assert {
        "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        "opt/s/bin/python",
        "opt/s/lib/python3.11/site-packages/__pycache__/two.cpython-311.pyc",
        "opt/app/__pycache__/app.cpython-311.pyc",
    } <= names

    monkeypatch.setattr(build, "make_layer", partial(_found_only, store))
    assert build_image(store, real_spec) == image
    monkeypatch.undo()

    other = Store(tmp_path / "other")
    inputs = (real_spec.debs, real_spec.stacks[0].wheels, real_spec.app)
    for blob in chain(*(part.values() for part in inputs)):
        other.add(Path(shutil.copy(store.path(blob), tmp_path / "copy")))
    assert build_image(other, real_spec) == image


def _found_only(store: Store, _: Store, layer: LayerSpec) -> Blob:
    result = store.result(layer.recipe)
    assert result is not None, "a layer would be made again"
    return result["layer"]


def test_a_failing_layer_leaves_the_others_and_an_error_that_says_which(
    store: Store, real_spec: ImageSpec, tmp_path: Path
) -> None:
    (tmp_path / "bad").write_bytes(b"no wheel")
    wheels = {"bad-1-py3-none-any.whl": store.add(tmp_path / "bad")}
    spec = dataclasses.replace(real_spec, stacks=[*real_spec.stacks, Stack("t", wheels)])
    with pytest.raises(AirgapError, match=r"installing the wheel `bad-1-py3-none-any\.whl` failed"):
        build_image(store, spec)
    made = [store.result(layer.recipe) is not None for layer in plan_layers(spec)]
    assert made == [True, True, False, True]
    assert not list((store.root / "tmp").iterdir())
