import os
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.fetch import mirror

OLD_STYLE = """
# deb http://commented/debian bookworm main
deb-src http://sources/debian bookworm main
deb [arch=amd64 signed-by=/x.gpg] http://other/debian trixie main  # newer
deb http://packages.example/cloud cloud-sdk-bookworm main
deb cdrom:[Debian]/ bookworm main
deb http://safety/debian-security bookworm-security main
deb https://mirror.lan/debian/ bookworm main contrib
"""
NEW_STYLE = """\
Types: deb
# a remark
URIs: http://first.lan/debian http://second.lan/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://switched-off/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://safety.lan/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(mirror.VARIABLE, raising=False)
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_the_suite_s_own_mirrors_come_first_and_security_archives_never(apt: Path) -> None:
    (apt / "sources.list").write_text(OLD_STYLE)
    assert mirror.mirrors(apt) == [
        "https://mirror.lan/debian",
        "http://other/debian",
        "http://packages.example/cloud",
    ]


def test_deb822_sources_are_read(apt: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(NEW_STYLE)
    assert mirror.mirrors(apt) == ["http://first.lan/debian", "http://second.lan/debian"]


def test_the_variable_goes_before_the_files(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (apt / "sources.list").write_text(OLD_STYLE)
    monkeypatch.setenv(mirror.VARIABLE, "file:///mirror/ http://next.lan")
    assert mirror.mirrors(apt) == ["file:///mirror", "http://next.lan"]


def test_a_machine_without_a_mirror_is_told_how_to_name_one(apt: Path) -> None:
    with pytest.raises(AirgapError, match="AIRGAP_DEBIAN_MIRROR"):
        mirror.mirrors(apt)


def test_apt_s_proxies_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "apt-config"
    told.write_text(
        "#!/bin/sh\n"
        "echo 'Acquire::http::Proxy \"http://proxy.lan:3128\";'\n"
        "echo 'Acquire::HTTPS::proxy \"http://secure.lan:3128\";'\n"
        "echo 'Acquire::http::Proxy::mirror.lan \"DIRECT\";'\n"
        "echo 'Acquire::http::Timeout \"5\";'\n"
    )
    told.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert mirror.opener().proxies == {
        "http": "http://proxy.lan:3128",
        "https": "http://secure.lan:3128",
        "http::mirror.lan": "DIRECT",
    }


def test_without_apt_there_are_the_environment_s_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert mirror.opener() == mirror.Opener()
