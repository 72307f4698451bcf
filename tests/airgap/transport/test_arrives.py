"""Any bundle in parts of any size is joined to what it was, by the program that travels along."""

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.airgap.transport.bundles import make_bundle, split_small
from tests.airgap.transport.effort import trying
from tests.airgap.transport.trees import FILES, fill, look_of, without_clashes


@trying(30)
@given(st.data())
def test_any_bundle_in_parts_of_any_size_is_joined_to_what_it_was(data: st.DataObject) -> None:
    files = without_clashes(data.draw(FILES))
    linked = data.draw(st.lists(st.sampled_from(sorted(files)), max_size=3)) if files else []
    # Parts from the least that holds a header on; and such that a file ends where a part does.
    size = data.draw(
        st.one_of(st.integers(8193, 60_000), st.sampled_from([8193, 12_289, 65_536, 1 << 20]))
    )
    with tempfile.TemporaryDirectory() as name:
        bundle = fill(make_bundle(Path(name, "bundle"), {}), files, linked)
        out, dest = Path(name, "out"), Path(name, "dest")
        split_small(bundle, out, size)
        assert all(path.stat().st_size < size for path in out.glob("*.part"))
        done = subprocess.run(
            ["sh", out / "airgap-parts", "join", dest], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert look_of(dest / "small") == look_of(bundle)
        assert [path.name for path in dest.iterdir()] == ["small"]
