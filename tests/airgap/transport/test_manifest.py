import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.store import Blob, hash_file
from airgap.transport import manifest

PLAIN = st.text(
    st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters="/"), min_size=1
)
PATHS = st.lists(PLAIN.filter(lambda n: n not in (".", "..")), min_size=1, max_size=3).map("/".join)
BLOBS = st.builds(Blob, st.binary(min_size=32, max_size=32).map(bytes.hex), st.integers(0, 2**60))


@given(st.dictionaries(PATHS, BLOBS))
def test_what_is_rendered_is_read_back(files: dict[str, Blob]) -> None:
    assert manifest.parse(manifest.render(files), "MANIFEST") == files


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        manifest.parse(data, "MANIFEST")
    except AirgapError as error:
        assert "MANIFEST" in str(error)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a\nb", "", ".", "a//b"])
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    blob = Blob("0" * 64, 1)
    with pytest.raises(AirgapError):
        manifest.render({path: blob})
    with pytest.raises(AirgapError):
        manifest.parse(f"{manifest.HEADER}\n{'0' * 64} 1 {path}\n".encode(), "MANIFEST")


def test_sh_tools_can_check_it(tmp_path: Path) -> None:
    file = tmp_path / "文件 with spaces"
    file.write_bytes(b"hello")
    data = manifest.render({file.name: hash_file(file)})
    (tmp_path / "MANIFEST").write_bytes(data)
    check = "tail -n +2 MANIFEST | sed 's/ [0-9]* /  /' | sha256sum -c -"
    subprocess.run(["sh", "-c", check], cwd=tmp_path, check=True)
