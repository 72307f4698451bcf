"""A login lasts over restarts, ends when it should, and its file is worth nothing to a reader."""

import os
from pathlib import Path

from login import sessions
from login.sessions import Sessions


def test_a_login_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "login" / "sessions.json"
    first = Sessions(path)
    token = first.begin("ann", "print")
    again = Sessions(path)
    found = again.find(token)
    assert found is not None
    assert found[1].name == "ann"
    assert again.page == first.page


def test_two_pages_have_two_names(tmp_path: Path) -> None:
    assert Sessions(tmp_path / "a" / "s").page != Sessions(tmp_path / "b" / "s").page


def test_what_the_file_holds_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    kept = Sessions(path)
    token = kept.begin("ann", "print")
    found = kept.find(token)
    assert found is not None
    assert token not in path.read_text()
    assert kept.find(found[0]) is None
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_it_ends_at_logout_and_after_a_week(tmp_path: Path) -> None:
    now = 1000.0
    kept = Sessions(tmp_path / "sessions.json", lambda: now)
    one, two = kept.begin("ann", "print"), kept.begin("ann", "print")
    kept.end(one)
    assert kept.find(one) is None
    assert Sessions(tmp_path / "sessions.json", lambda: now).find(one) is None
    assert kept.find(two) is not None
    now += sessions.LASTS
    assert kept.find(two) is None


def test_a_broken_file_ends_all_logins_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    token = Sessions(path).begin("ann", "print")
    for text in ("", "[]", '{"sessions": {"a": {}}}', '{"sessions": []}'):
        path.write_text(text)
        kept = Sessions(path)
        assert kept.find(token) is None
        assert kept.find(kept.begin("ann", "print")) is not None


def test_a_folder_that_cannot_be_written_stops_no_login(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = Sessions(tmp_path / "file" / "sessions.json")
    assert kept.find(kept.begin("ann", "print")) is not None
