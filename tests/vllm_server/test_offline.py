import os
import stat
from pathlib import Path

import pytest

from vllm_server.offline import offline_environment


def test_everything_that_reports_or_downloads_is_off(tmp_path: Path) -> None:
    changes = offline_environment({"HOME": str(tmp_path), "VLLM_NO_USAGE_STATS": "0"})
    assert changes["VLLM_NO_USAGE_STATS"] == changes["HF_HUB_OFFLINE"] == "1"
    assert changes["VLLM_HOST_IP"] == "127.0.0.1"
    assert changes["VLLM_USE_FLASHINFER_SAMPLER"] == "0"


def test_a_busy_host_has_time_for_the_builder_s_form(tmp_path: Path) -> None:
    changes = offline_environment({"HOME": str(tmp_path)})
    assert int(changes["VLLM_REGEX_COMPILATION_TIMEOUT_S"]) >= 60


def test_a_home_that_can_be_written_stays(tmp_path: Path) -> None:
    assert "HOME" not in offline_environment({"HOME": str(tmp_path)})


def test_a_home_from_which_nothing_may_be_run_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    noexec = os.statvfs_result((4096, 4096, 1, 1, 1, 1, 1, 1, os.ST_NOEXEC, 255))
    monkeypatch.setattr("os.statvfs", lambda path: noexec)
    home = tmp_path / "home"
    home.mkdir()
    assert Path(offline_environment({"HOME": str(home)})["HOME"]) != home


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "/proc/nowhere"}])
def test_caches_have_a_place_where_there_is_no_home(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for _ in range(2):
        home = Path(offline_environment(environ)["HOME"])
    assert home.parent == tmp_path
    assert os.access(home, os.W_OK)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
