import subprocess
import sys
from pathlib import Path

import pytest

from agentfabric_offline import landlock

CONFINED = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1].split(":")
from agentfabric_offline.landlock import confine
folder = Path(sys.argv[2])
confine([folder / "readable"], [folder / "writable"])
for what in sys.argv[3:]:
    try:
        exec(what)
        print("done")
    except PermissionError:
        print("refused")
"""


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        ("(folder / 'readable' / 'file').read_text()", "done"),
        ("(folder / 'readable' / 'file').write_text('')", "refused"),
        ("(folder / 'writable' / 'file').write_text('')", "done"),
        ("(folder / 'writable' / 'file').rename(folder / 'writable' / 'other')", "done"),
        ("(folder / 'file').read_text()", "refused"),
        ("(folder / 'writable' / 'link').read_text()", "refused"),
        ("list(folder.iterdir())", "refused"),
        ("(folder / 'new').write_text('')", "refused"),
    ],
)
def test_a_confined_process_uses_its_folders_alone(tmp_path: Path, what: str, outcome: str) -> None:
    for name in ("readable", "writable"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / "file").touch()
    (tmp_path / "writable" / "link").symlink_to(tmp_path / "file")

    done = subprocess.run(
        [sys.executable, "-c", CONFINED, ":".join(sys.path), str(tmp_path), what],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"{outcome}\n"
