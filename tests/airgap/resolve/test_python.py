from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.fetch.progress import Progress
from airgap.locks.python import Wheel, parse
from airgap.resolve.python import lock_python
from airgap.store import Store
from tests.airgap.fetch.conftest import MakeWheel, Site


@pytest.fixture(autouse=True)
def uv_without_a_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    # A setting of uv's own must not change a lock.
    monkeypatch.setenv("UV_EXCLUDE_NEWER", "2001-01-01")


@pytest.fixture
def input_path(tmp_path: Path) -> Path:
    return tmp_path / "small.in"


def locked(input_path: Path, store: Store, text: str, **options: str) -> tuple[Wheel, ...]:
    """The lock of an input, made in the folder of the input."""
    input_path.write_text(text)
    output_path = input_path.with_suffix(".lock")
    lock_python(input_path, output_path, store, [], Progress(), **options)
    return parse(output_path.read_text(), output_path.name)


def test_two_runs_give_the_same_bytes_and_name_no_address(
    index: Site, store: Store, make_wheel: MakeWheel, input_path: Path, tmp_path: Path
) -> None:
    make_wheel("app", requires=["Some_Lib>=1", "other"])
    make_wheel("some-lib", version="1.5", tag="cp311-cp311-manylinux_2_28_x86_64")
    make_wheel("other", tells_size=True)
    expected = locked(input_path, store, "app\n")
    first = input_path.with_suffix(".lock").read_bytes()
    input_path.with_suffix(".lock").unlink()
    assert locked(input_path, Store(tmp_path / "second"), "app\n") == expected
    assert input_path.with_suffix(".lock").read_bytes() == first
    assert [wheel.name for wheel in expected] == ["app", "other", "some-lib"]
    assert b"127.0.0.1" not in first
    assert b"/" not in first


def test_the_best_wheel_for_debian_bookworm_is_taken(
    index: Site, store: Store, make_wheel: MakeWheel, input_path: Path
) -> None:
    for tag in (
        "py3-none-any",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux_2_39_x86_64",
        "cp311-cp311-musllinux_1_2_x86_64",
        "cp312-cp312-manylinux_2_17_x86_64",
    ):
        make_wheel("many", tag=tag)
    best = make_wheel("many", tag="cp311-cp311-manylinux_2_28_x86_64")
    assert locked(input_path, store, "many\n") == (best,)


def test_cut_offs_hide_later_uploads(
    index: Site, store: Store, make_wheel: MakeWheel, input_path: Path
) -> None:
    for name in ("strict", "free"):
        make_wheel(name, version="1.0", uploaded="2024-04-25")
        make_wheel(name, version="2.0", uploaded="2024-04-26")
    text = "strict\nfree\n# cutoff: 2024-04-25\n# cutoff free: none\n"
    versions = {wheel.name: wheel.version for wheel in locked(input_path, store, text)}
    assert versions == {"strict": "1.0", "free": "2.0"}
    later = locked(input_path, store, text, cutoff="2024-04-26")
    assert {wheel.version for wheel in later} == {"2.0"}


def test_excluded_packages_and_what_only_they_need_are_left_out(
    index: Site, store: Store, make_wheel: MakeWheel, input_path: Path
) -> None:
    make_wheel("app", requires=["editor"])
    make_wheel("editor", requires=["its-own"])
    make_wheel("its-own")
    (only,) = locked(input_path, store, "app\n# exclude: Editor\n")
    assert only.name == "app"


def test_sizes_that_the_index_tells_cost_no_download(
    index: Site, store: Store, make_wheel: MakeWheel, input_path: Path
) -> None:
    told = make_wheel("told", tells_size=True)
    silent = make_wheel("silent")
    assert locked(input_path, store, "told\nsilent\n") == (silent, told)
    assert not store.has(told.blob)
    assert store.has(silent.blob)


def test_what_cannot_be_resolved_leaves_the_old_lock(
    index: Site, store: Store, make_wheel: MakeWheel, input_path: Path
) -> None:
    make_wheel("app", requires=["lost>3"])
    make_wheel("lost", version="1.0")
    lock = input_path.with_suffix(".lock")
    lock.write_text("# the old one\n")
    with pytest.raises(AirgapError) as raised:
        locked(input_path, store, "app\n")
    assert "lost>3" in str(raised.value.found)
    assert lock.read_text() == "# the old one\n"
    assert sorted(path.name for path in input_path.parent.glob("*small*")) == [
        "small.in",
        "small.lock",
    ]
