import base64
import csv
import hashlib
import importlib.metadata
import io
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.image.bytecode import Compiler
from airgap.image.prefix import SITE_PACKAGES, Prefix
from airgap.image.tar import LayerTar
from airgap.image.wheel_layer import write_wheel_layer
from tests.airgap.image.packages import MakeWheel, WriteLayer, contents

PREFIX = Prefix("opt/stack")
SITE = f"opt/stack/{SITE_PACKAGES}"
DATA = "thing-1.0.data"


Install = Callable[..., tarfile.TarFile]


@pytest.fixture
def install(layer: WriteLayer, compiler: Compiler) -> Install:
    """Install wheels and open the layer."""
    return lambda *wheels: layer(lambda tar: write_wheel_layer(tar, wheels, [PREFIX], compiler))


def text(tar: tarfile.TarFile, path: str) -> str:
    return contents(tar, path).decode("latin-1")


def record(tar: tarfile.TarFile, info: str = "thing-1.0.dist-info") -> dict[str, tuple[str, str]]:
    rows = csv.reader(io.StringIO(text(tar, f"{SITE}/{info}/RECORD")))
    return {path: (digest, size) for path, digest, size in rows}


def test_every_kind_of_file_goes_to_its_place(install: Install, make_wheel: MakeWheel) -> None:
    files = {
        "thing.py": b"x = 1\n",
        "lib.so": b"\x7fELF",
        f"{DATA}/purelib/pure.py": b"",
        f"{DATA}/platlib/plat.py": b"",
        f"{DATA}/headers/thing.h": b"",
        f"{DATA}/data/share/thing/icon": b"",
        f"{DATA}/scripts/old": b"#!python -u\nprint()\n",
        f"{DATA}/scripts/native": b"\x7fELF #!python\n",
    }
    with install(make_wheel(files, modes={"lib.so": 0o755})) as tar:
        modes = {
            entry.name.removeprefix("opt/stack/"): entry.mode for entry in tar if entry.isreg()
        }
        assert text(tar, "opt/stack/bin/old") == "#!/opt/stack/bin/python -u\nprint()\n"
        assert text(tar, "opt/stack/bin/native") == "\x7fELF #!python\n"
        assert text(tar, f"{SITE}/thing-1.0.dist-info/INSTALLER") == "airgap\n"
    site = {path.removeprefix(f"{SITE_PACKAGES}/") for path in modes}
    assert site >= {"thing.py", "pure.py", "plat.py", "lib.so", "share/thing/icon"}
    assert "include/site/python3.11/thing/thing.h" in site
    assert {path for path, mode in modes.items() if mode == 0o755} == {
        f"{SITE_PACKAGES}/lib.so",
        "bin/old",
        "bin/native",
    }


def test_record_lists_every_file_with_its_true_hash(
    install: Install, make_wheel: MakeWheel
) -> None:
    files = {"a.py": b"x\n", "b.py": b"not python", f"{DATA}/scripts/s": b"#!python\n"}
    with install(make_wheel(files, entry_points="[console_scripts]\nrun=a:x\n")) as tar:
        rows = record(tar)
        for entry in filter(tarfile.TarInfo.isreg, tar.getmembers()):
            path = entry.name.removeprefix(f"{SITE}/")
            if path == entry.name:
                path = "../../../" + entry.name.removeprefix("opt/stack/")
            digest, size = rows.pop(path)
            if not path.endswith("/RECORD"):
                data = contents(tar, entry.name)
                value = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
                assert (digest, size) == (f"sha256={value.decode().rstrip('=')}", str(len(data)))
        assert not rows


def test_commands_run_and_metadata_is_found(
    install: Install, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    files = {
        "thing/__init__.py": b"",
        "thing/deep.py": b"class C:\n    go = lambda: print('ran')\n",
    }
    with install(make_wheel(files, entry_points="[console_scripts]\ngo=thing.deep:C.go\n")) as tar:
        tar.extractall(tmp_path)
    command = tmp_path / "opt/stack/bin/go"
    assert command.stat().st_mode & 0o777 == 0o755
    assert command.read_text().startswith("#!/opt/stack/bin/python\n")
    run = [sys.executable, str(command)]
    env = {"PYTHONPATH": str(tmp_path / SITE)}
    assert subprocess.check_output(run, env=env, text=True) == "ran\n"
    (found,) = importlib.metadata.distributions(path=[str(tmp_path / SITE)])
    assert (found.metadata["Name"], found.version) == ("thing", "1.0")
    assert found.files is not None and all(Path(file.locate()).exists() for file in found.files)


def test_modules_are_compiled_and_what_is_no_python_is_not(
    install: Install, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    files = {"good.py": b"import sys\n", "template.py": b"{{ x }} y", f"{DATA}/data/d.py": b""}
    with install(make_wheel(files)) as tar:
        compiled = [name for name in tar.getnames() if name.endswith(".pyc")]
        assert compiled == [f"{SITE}/__pycache__/good.cpython-311.pyc"]
        tar.extractall(tmp_path)
    run = [sys.executable, "-v", "-c", "import good"]
    env = {"PYTHONPATH": str(tmp_path / SITE), "PYTHONDONTWRITEBYTECODE": "1"}
    log = subprocess.run(run, env=env, check=True, capture_output=True, text=True).stderr
    assert f"code object from '{tmp_path / SITE}/__pycache__/good.cpython-311.pyc'" in log


def test_a_packages_own_tests_are_there_but_not_compiled(
    install: Install, make_wheel: MakeWheel
) -> None:
    files = {f"thing/{name}.py": b"" for name in ("tests/test_a", "tests/sub/b", "c/tests")}
    with install(make_wheel(files)) as tar:
        assert {f"{SITE}/{path}" for path in files} <= set(tar.getnames())
        compiled = [name for name in tar.getnames() if name.endswith(".pyc")]
        assert compiled == [f"{SITE}/thing/c/__pycache__/tests.cpython-311.pyc"]


def test_byte_code_that_a_wheel_brings_for_its_own_source_is_made_anew(
    install: Install, make_wheel: MakeWheel
) -> None:
    files = {"a.py": b"x = 1\n", "__pycache__/a.cpython-311.pyc": b"stale"}
    with install(make_wheel(files)) as tar:
        assert contents(tar, f"{SITE}/__pycache__/a.cpython-311.pyc") != b"stale"
        assert record(tar)["__pycache__/a.cpython-311.pyc"][1] != "5"


def test_of_two_files_of_one_name_the_later_wheel_gives_it(
    install: Install, make_wheel: MakeWheel, caplog: pytest.LogCaptureFixture
) -> None:
    one = make_wheel({"same.py": b"\n", "differs.txt": b"one"}, name="one")
    two = make_wheel({"same.py": b"\n", "differs.txt": b"two"}, name="two")
    with install(one, two) as tar:
        assert text(tar, f"{SITE}/differs.txt") == "two"
        assert tar.getnames().count(f"{SITE}/same.py") == 1
        assert "same.py" in record(tar, "one-1.0.dist-info")
        assert "same.py" in record(tar, "two-1.0.dist-info")
    assert "two-1.0-py3-none-any.whl replaces a file of one-1.0-py3-none-any.whl" in caplog.text
    assert "same.py" not in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        f"{DATA}/data/bin/python",
        f"{DATA}/data/pyvenv.cfg",
        f"{DATA}/scripts/python3.11",
        f"{DATA}/surprise/x",
        f"{DATA}/data",
    ],
)
def test_files_without_a_place_are_refused(
    install: Install, make_wheel: MakeWheel, path: str
) -> None:
    with pytest.raises(AirgapError, match="without a place"):
        install(make_wheel({path: b""}))


def test_two_files_of_a_wheel_in_one_place_are_refused(
    install: Install, make_wheel: MakeWheel
) -> None:
    with pytest.raises(AirgapError, match="without a place of its own"):
        install(make_wheel({"a.py": b"", f"{DATA}/purelib/a.py": b""}))


def test_a_file_where_another_wheel_has_a_folder_is_refused(
    install: Install, make_wheel: MakeWheel
) -> None:
    with pytest.raises(AirgapError, match="folder of that name"):
        install(make_wheel({"a/b": b""}, name="one"), make_wheel({"a": b""}, name="two"))


def test_bytes_do_not_depend_on_how_a_wheel_was_zipped(
    install: Install, make_wheel: MakeWheel, compiler: Compiler
) -> None:
    contents = {f"m{number}.py": b"x = %d\n" % number for number in range(200)}
    outputs = set()
    for files in (contents, dict(reversed(contents.items()))):
        out = io.BytesIO()
        write_wheel_layer(LayerTar(out), [make_wheel(files)], [PREFIX], compiler)
        outputs.add(out.getvalue())
    assert len(outputs) == 1


def test_a_second_prefix_shares_the_files_of_the_first(
    layer: WriteLayer, compiler: Compiler, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    files = {
        "a.py": b"def fail():\n    raise KeyError\n",
        "tool": b"\x7fELF",
        f"{DATA}/scripts/s": b"#!python\n",
    }
    commands = "[console_scripts]\nrun=a:fail\n"
    wheels = [make_wheel(files, entry_points=commands, modes={"tool": 0o755})]
    prefixes = [Prefix("opt/one"), Prefix("opt/two")]
    with layer(lambda tar: write_wheel_layer(tar, wheels, prefixes, compiler)) as tar:
        tar.extractall(tmp_path)
        assert tar.getmember(f"opt/two/{SITE_PACKAGES}/tool").mode == 0o755
        rows = [
            contents(tar, f"opt/{name}/{SITE_PACKAGES}/thing-1.0.dist-info/RECORD").splitlines()
            for name in ("one", "two")
        ]
    one, two = (tmp_path / "opt" / name / SITE_PACKAGES for name in ("one", "two"))
    for name in ("a.py", "tool", "__pycache__/a.cpython-311.pyc", "thing-1.0.dist-info/METADATA"):
        assert (one / name).samefile(two / name)
    for name in ("s", "run"):
        assert (two / "../../../bin" / name).read_text().startswith("#!/opt/two/bin/python\n")
    assert len(rows[0]) == len(rows[1]) == 10
    assert [old[:15] for old, new in zip(*rows, strict=True) if old != new] == [
        b"../../../bin/ru",
        b"../../../bin/s,",
    ]
    # Tracebacks name the file that was imported, not the one that was compiled.
    run = [sys.executable, "-c", "import a; a.fail()"]
    log = subprocess.run(run, env={"PYTHONPATH": str(two)}, capture_output=True, text=True).stderr
    assert f'File "{two}/a.py", line 2, in fail' in log


def test_of_two_commands_of_one_name_the_later_wheel_gives_it(
    install: Install, make_wheel: MakeWheel
) -> None:
    one, two = (
        make_wheel({f"{name}.py": b""}, name=name, entry_points=f"[gui_scripts]\nx={name}:x\n")
        for name in ("one", "two")
    )
    with install(one, two) as tar:
        assert "from two import x" in text(tar, "opt/stack/bin/x")
        assert tar.getnames().count("opt/stack/bin/x") == 1


def test_the_bytes_of_a_layer_stay_what_they_were(
    compiler: Compiler, make_wheel: MakeWheel
) -> None:
    files = {"b.txt": b"b", "a.so": b"a", f"{DATA}/scripts/s": b"#!python\n"}
    wheel = make_wheel(files, entry_points="[console_scripts]\nrun=a:x\n", modes={"a.so": 0o755})
    out = io.BytesIO()
    write_wheel_layer(LayerTar(out), [wheel], [PREFIX, Prefix("opt/two")], compiler)
    # Where this changes, raise airgap.image.build.VERSION.
    assert (
        hashlib.sha256(out.getvalue()).hexdigest()
        == "3a4e2e2785ba2dd627f3c9764cd323efe62f00ebb28839cf9b329c5836b7589f"
    )
