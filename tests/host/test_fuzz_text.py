"""What the host's programs read as text, MANIFEST and settings, damaged in any way.

Under dash and busybox sh; each try is a run of the program.
"""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.transport import manifest
from tests.airgap.fuzz.mutations import any_or_damaged, tries
from tests.host.bundle import BUNDLE_CONF, Bundle

CONF = "# ours\nSERVER_PORT=8001\nLLM_NAME='a b' # why\nSTATE_DIR=\"/x\"\nALLOW=a:1 b:2\n"
SIGNS_OF_A_SHELL = ("syntax error", "not found", "unexpected", "Bad substitution", "bad number")


def run(bundle: Bundle, *arguments: str, **environ: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*bundle.shell, str(bundle.root / "airgap"), *arguments],
        cwd="/",
        env={**bundle.environ(environ)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    said = done.stderr.decode(errors="replace")
    assert done.returncode in (0, 1), said
    assert done.returncode == 0 or "airgap: " in said or done.stdout
    own = [line for line in said.splitlines() if "airgap: " not in line and "/lib/" in line]
    assert not [line for line in own if any(sign in line for sign in SIGNS_OF_A_SHELL)], said
    return done.returncode, done.stdout.decode(errors="replace"), said


def right(bundle: Bundle, data: bytes) -> bool:
    """Whether the folder is what this manifest lists, as the build machine reads it."""
    try:
        listed = manifest.parse(data, "MANIFEST")
    except AirgapError:
        return False
    root = bundle.root
    there = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    if listed.keys() | manifest.UNLISTED != there | manifest.UNLISTED:
        return False
    return {
        path
        for path in listed
        if manifest.digest((root / path).read_bytes()) == listed[path].sha256
    } == listed.keys() and all((root / p).stat().st_size == listed[p].size for p in listed)


@tries(25)
@given(data=st.data())
def test_no_damage_to_manifest_lets_a_folder_pass_that_is_not_as_listed(
    bundle: Bundle, data: st.DataObject
) -> None:
    bundle.write_manifest()
    file = bundle.root / "MANIFEST"
    changed = data.draw(any_or_damaged(file.read_bytes()))
    file.write_bytes(changed)
    before = {path for path in bundle.root.parent.rglob("*")}
    status, _, said = run(bundle, "verify")
    assert status == 1 or right(bundle, changed), said
    assert {path for path in bundle.root.parent.rglob("*")} == before


CODE = ("$(touch {canary})", "`touch {canary}`", "';touch {canary};'", '";touch {canary};"', "|:")


@tries(25)
@given(data=st.data(), own=st.booleans(), line=st.sampled_from(CODE))
def test_settings_of_any_kind_are_read_as_data(
    bundle: Bundle, data: st.DataObject, own: bool, line: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder, "executed")
        code = line.format(canary=canary)
        if own:
            whole = "".join(f"{key}='{value}'\n" for key, value in BUNDLE_CONF.items())
            name = "bundle.conf"
        else:
            whole, name = CONF, "airgap.conf"
        text = data.draw(any_or_damaged((whole + f"LLM_NAME={code}\n").encode()))
        (bundle.root / name).write_bytes(text)
        run(bundle, "status", AIRGAP_STATE_DIR=f"{folder}/state")
        assert os.listdir(folder) in ([], ["state"])
        assert not canary.exists()


@pytest.mark.parametrize(
    "line",
    [
        "a" * 100_000,
        "LLM_NAME=" + "'" * 999,
        "A=1\0B=2",
        "*=*",
    ],
)
def test_a_line_of_settings_that_nobody_writes_is_refused_at_once(
    bundle: Bundle, line: str
) -> None:
    (bundle.root / "airgap.conf").write_text(line + "\n")
    assert "airgap.conf, line 1" in run(bundle, "status")[2]


VERSIONS = f"airgap-versions 1\nsha256:{'1' * 64} 2026-01-01T00:00:00Z localhost/x:1 /opt/demo\n"


@tries(15)
@given(data=st.data())
def test_a_damaged_list_of_versions_stops_no_command(bundle: Bundle, data: st.DataObject) -> None:
    bundle.state.mkdir(exist_ok=True)
    (bundle.state / "versions").write_bytes(data.draw(any_or_damaged(VERSIONS.encode())))
    run(bundle, "status")
