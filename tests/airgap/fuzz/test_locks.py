"""Locks and what they are made from: any text is read right, or refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.inputs import Workshop
from airgap.locks import debian, model, python, source
from airgap.locks.debian import Package
from airgap.locks.model import Conversion, ModelFile, ModelLock
from airgap.locks.model_origin import HubOrigin, Origin
from airgap.locks.python import Sdist, Wheel
from airgap.locks.source import EXECUTABLE, GitFile, SourceLock
from airgap.resolve import model_input, stack_input
from airgap.store import Blob, Store
from tests.airgap.fuzz.mutations import any_or_damaged, damaged_text, read_or_refused, tries

HEX = "0123456789abcdef" * 4
WHEEL = Wheel("some-lib", "1.0", "some_lib-1.0-py3-none-any.whl", Blob(HEX, 8))
BUILT = Wheel(
    "other",
    "2!1.0+cpu",
    "other-2!1.0+cpu-cp311-abi3-manylinux_2_28_x86_64.whl",
    Blob(HEX, 123456),
    Sdist("other-2!1.0+cpu.tar.gz", Blob(HEX[::-1], 9)),
)
PYTHON = python.render([WHEEL, BUILT])
DEBIAN = debian.render(
    [
        Package("libc6", "1:2.36-9", "amd64", "pool/main/g/libc6_2.36-9_amd64.deb", Blob(HEX, 7)),
        Package("mawk", "1.3", "all", "pool/main/m/mawk_1.3_all.deb", Blob(HEX, 8)),
    ]
)
ORIGINS: list[tuple[Origin, Conversion | None]] = [
    (WHEEL, Conversion("minilm", 1)),
    (HubOrigin("qwen/Qwen", "master", "0123456"), None),
]
MODELS = [
    ModelLock(
        "minilm",
        "Apache-2.0",
        origin,
        recipe,
        (ModelFile("1/config.json", Blob(HEX, 1)), ModelFile("权重", Blob(HEX, 2))),
    )
    for origin, recipe in ORIGINS
]
SOURCE = SourceLock(
    "some_source",
    "https://example.org/some/source",
    "c" * 40,
    {"lib": "1" * 40},
    {"LICENSE": GitFile("3" * 40), "lib/run.sh": GitFile("4" * 40, EXECUTABLE)},
    WHEEL,
)
INPUT = 'name = "tuned"\nlicense = "LicenseRef-ours"\nmodelscope = "qwen/Qwen"\nrevision = "v1"\n'
STACK = "# cutoff: 2024-04-25\n# cutoff torch: none\n# exclude: jupyter\ngradio[x]>=4.8; a<'3'\n"


@tries(200)
@given(damaged_text(PYTHON))
def test_a_stack_lock_names_wheels_that_can_be_written_again(text: str) -> None:
    found = read_or_refused(lambda: python.parse(text, "lock"))
    if found is not None:
        assert python.parse(python.render(found), "lock") == found
        assert all("/" not in wheel.filename for wheel in found)


@tries(200)
@given(damaged_text(DEBIAN))
def test_a_debian_lock_names_packages_that_can_be_written_again(text: str) -> None:
    found = read_or_refused(lambda: debian.parse(text, "lock"))
    if found is not None:
        assert debian.parse(debian.render(found), "lock") == found
        assert not any(".." in package.path.split("/") for package in found)


@tries(300)
@given(st.sampled_from(MODELS).flatmap(lambda lock: damaged_text(model.render(lock))))
def test_a_model_lock_names_files_below_its_folder(text: str) -> None:
    found = read_or_refused(lambda: model.parse(text, "lock"))
    if found is not None:
        assert model.parse(model.render(found), "lock") == found
        assert found.size < 10**17
        for file in found.files:
            assert not set(file.path.split("/")) & {"", ".", ".."}


@tries(300)
@given(damaged_text(source.render(SOURCE)))
def test_a_source_lock_names_files_below_its_folder(text: str) -> None:
    found = read_or_refused(lambda: source.parse(text, "lock"))
    if found is not None:
        assert source.parse(source.render(found), "lock") == found
        for path in found.files:
            assert not set(path.lower().split("/")) & {"", ".", "..", ".git"}


@tries(200)
@given(damaged_text(INPUT))
def test_the_input_of_a_model_is_read_or_refused(text: str) -> None:
    read_or_refused(lambda: model_input.parse_input(text, "model.toml"))


@tries(200)
@given(damaged_text(STACK))
def test_the_input_of_a_stack_is_read_or_refused(text: str) -> None:
    read_or_refused(lambda: stack_input.parse(text, "stack.in"))


@tries(50)
@given(data=any_or_damaged(PYTHON.encode()))
def test_a_lock_that_is_no_text_is_named(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.getbasetemp()
    (root / "any.lock").write_bytes(data)
    text = read_or_refused(lambda: Workshop(Store(root / "store"), root).text("any.lock"))
    assert text is None or text == data.decode().replace("\r\n", "\n").replace("\r", "\n")


DEEP = "[" * 100_000
LONG = "9" * 5000


@pytest.mark.parametrize("text", [f"a = {DEEP}", f"a = {LONG}", "a = " + "{b=" * 50_000])
def test_toml_without_end_is_refused(text: str) -> None:
    with pytest.raises(AirgapError):
        source.parse(text, "source.lock")
    with pytest.raises(AirgapError):
        model_input.parse_input(text, "model.toml")


@pytest.mark.parametrize("size", ["1" + "0" * 400, "-1", "1.0", "true", '"1"', "1e3", "NaN", LONG])
def test_a_size_that_no_file_has_is_refused(size: str) -> None:
    text = model.render(MODELS[0]).replace('"size": 2', f'"size": {size}')
    assert text != model.render(MODELS[0])
    with pytest.raises(AirgapError):
        model.parse(text, "model.lock")
