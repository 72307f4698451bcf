import subprocess
import sys
from pathlib import Path

from airgap.image.app_layer import write_app_layer
from airgap.image.bytecode import Compiler
from airgap.image.prefix import SITE_PACKAGES, Prefix
from tests.airgap.image.packages import WriteLayer


def test_each_stack_finds_the_apps_after_its_own_modules(
    layer: WriteLayer, compiler: Compiler, tmp_path: Path
) -> None:
    (tmp_path / "source").write_bytes(b"import sys\nprint(__file__, sys.flags.isolated)\n")
    sources = {"app/__main__.py": tmp_path / "source", "app/page.html": tmp_path / "source"}
    prefixes = [Prefix("opt/b"), Prefix("opt/a")]
    with layer(lambda tar: write_app_layer(tar, sources, prefixes, compiler)) as tar:
        names = tar.getnames()
        assert tar.getmember("opt/a/bin/python").linkname == "/usr/bin/python3.11"
        tar.extractall(tmp_path)
    assert "opt/app/app/__pycache__/__main__.cpython-311.pyc" in names
    assert not any("page" in name and name.endswith(".pyc") for name in names)
    for stack in ("a", "b"):
        assert (tmp_path / "opt" / stack / SITE_PACKAGES / "app.pth").read_text() == "/opt/app\n"
    # A real Python in the place of the image's takes the folder for a venv.
    python = tmp_path / "opt/a/bin/python"
    python.unlink()
    python.symlink_to(sys.executable)
    code = "import sys; print(sys.prefix)"
    assert subprocess.check_output([python, "-c", code], text=True).strip() == f"{tmp_path}/opt/a"
