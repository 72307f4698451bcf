"""``airgap check`` looks at the operator's certificate before anything is loaded."""

import datetime
import os
import shutil
from pathlib import Path

import pytest

from tests.host.certificates import Certificate, make_certificate
from tests.host.checked_host import CheckedHost


def line(host: CheckedHost, made: Certificate) -> str:
    """What the one line says of it."""
    (said,) = (
        line for line in host.run(**made.settings).stdout.splitlines() if "certificate: " in line
    )
    return said


def day(days: float) -> str:
    return f"{datetime.datetime.now(datetime.UTC) + datetime.timedelta(days):%Y-%m-%d}"


def test_a_good_pair_is_ok_and_its_last_day_is_told(host: CheckedHost, tmp_path: Path) -> None:
    made = make_certificate(tmp_path / "made", days=(-1, 90))
    said = line(host, made)
    assert said.startswith("ok"), said
    assert f"until {day(90)}, with its key" in said


def test_without_https_there_is_no_such_line(host: CheckedHost) -> None:
    assert "certificate" not in host.run().stdout


@pytest.mark.parametrize("days", [90, 40 * 365])
def test_without_openssl_it_says_what_it_does_not_know(
    host: CheckedHost, tmp_path: Path, days: int
) -> None:
    # After 2049 the year has four digits there (RFC 5280).
    host.program("openssl", "exit 127\n")
    said = line(host, make_certificate(tmp_path / "made", days=(-1, days)))
    assert said.startswith("ok"), said
    assert f"until {day(days)}, whether the key belongs to it is seen at" in said


def test_what_ends_within_thirty_days_is_a_warning(host: CheckedHost, tmp_path: Path) -> None:
    said = line(host, make_certificate(tmp_path / "made", days=(-1, 29)))
    assert said.startswith("warn") and day(29) in said
    assert "renewed" in said


@pytest.mark.parametrize(("days", "when"), [((-9, -2), -2), ((2, 90), 2)])
def test_what_does_not_hold_today_stops(
    host: CheckedHost, tmp_path: Path, days: tuple[int, int], when: int
) -> None:
    made = make_certificate(tmp_path / "made", days=days)
    said = line(host, made)
    assert said.startswith("stop") and day(when) in said
    assert host.check(**made.settings).stops == {"tls"}


def test_a_key_of_another_certificate_stops(host: CheckedHost, tmp_path: Path) -> None:
    made = make_certificate(tmp_path / "made", days=(-1, 90))
    other = make_certificate(tmp_path / "other", days=(-1, 90))
    said = line(host, Certificate(made.certificate, other.key))
    assert said.startswith("stop") and "do not belong together" in said


def test_a_key_with_a_password_and_files_of_another_form_stop(
    host: CheckedHost, tmp_path: Path
) -> None:
    made = make_certificate(tmp_path / "made", password=b"sesame")
    assert "asks for a password" in line(host, made)
    assert "is no key" in line(host, Certificate(made.certificate, made.certificate))
    assert "holds none that can be read" in line(host, Certificate(made.key, made.key))


def test_a_damaged_certificate_is_told_as_not_known(host: CheckedHost, tmp_path: Path) -> None:
    made = make_certificate(tmp_path / "made", days=(-1, 90))
    made.certificate.write_text("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n")
    assert 'until when is not known before "up", whether the key' in line(host, made)


def test_a_file_that_the_containers_may_not_read_is_a_warning(
    host: CheckedHost, tmp_path: Path
) -> None:
    made = make_certificate(tmp_path / "made", days=(-1, 90))
    made.key.chmod(0o440)
    if os.geteuid() == 0:
        shutil.chown(made.key, 0, 0)
    elif os.geteuid() == 1000:
        pytest.skip("this user is uid 1000")
    said = line(host, made)
    assert said.startswith("warn") and "uid 1000" in said


def test_the_certificate_of_a_chain_is_the_first(host: CheckedHost, tmp_path: Path) -> None:
    made = make_certificate(tmp_path / "made", days=(-1, 90))
    other = make_certificate(tmp_path / "other", days=(-1, 900))
    text = made.certificate.read_text() + other.certificate.read_text()
    made.certificate.write_text("Bag Attributes\r\n" + text.replace("\n", "\r\n"))
    assert f"until {day(90)}, with its key" in line(host, made)
