import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from airgap import cli
from airgap.store import Store


def test_an_error_of_the_user_is_one_message_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["fetch", "nowhere:x", f"--store={tmp_path / 'store'}"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "nowhere/BUILD" in said
    assert "Traceback" not in said


def test_a_full_disk_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(self: Store, root: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "some/file")

    monkeypatch.setattr(Store, "__init__", full)
    assert cli.main(["fetch", "x:y"]) == 1
    assert "No space left on device" in capsys.readouterr().err


def test_the_help_lists_what_people_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    listed = re.findall(r"^    (\w+)", said, re.MULTILINE)
    assert listed[:3] == ["lock", "fetch", "split"]
    assert not {"make", "step"} & set(listed)
    assert "SUPPRESS" not in said


def test_the_store_is_the_one_that_pants_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRGAP_STORE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cli.default_store() == Path("/caches/pants/named_caches/airgap_store")
    monkeypatch.setenv("AIRGAP_STORE", "/elsewhere")
    assert cli.default_store() == Path("/elsewhere")


def test_what_package_asks_every_time_waits_for_no_client_of_the_hub() -> None:
    slow = "{'modelscope_hub', 'requests'}"
    code = f"import sys, airgap.cli, airgap.make; print({slow} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout.strip(), done.returncode) == ("set()", 0)
