"""A visitor has what is his and what is the page's, whatever a path looks like."""

import os
from pathlib import Path
from typing import Any

import pytest

from agentfabric_offline import folders
from agentfabric_offline.folders import Folders, named_files, shown_as


@pytest.fixture
def served(tmp_path: Path) -> Folders:
    made = Folders(
        cache=tmp_path / "cache",
        work=tmp_path / "work",
        agents=tmp_path / "state" / "config",
        pictures=(tmp_path / "assets",),
    )
    for folder in (made.page, made.own("ann"), made.own("bob"), made.work / "ann"):
        folder.mkdir(parents=True)
    return made


def test_own_files_and_the_page_s_are_served_and_nothing_else(
    served: Folders, tmp_path: Path
) -> None:
    assert served.may_have("ann", f"{served.own('ann')}/a/mine.txt")
    assert served.may_have("ann", f"{served.page}/cat.png")
    for path in (
        f"{served.own('bob')}/a/his.txt",
        f"{served.own('ann')}/../bob/a/his.txt",
        f"{served.own('ann')}x/a.txt",
        f"{tmp_path}/state/config/ann/builder_config.json",
        f"{served.work}/ann/plot.png",
        "/etc/passwd",
        "/",
        "",
    ):
        assert not served.may_have("ann", path), path


def test_a_link_leads_nowhere_else(served: Folders) -> None:
    os.symlink("/etc", served.own("ann") / "etc")
    assert not served.may_have("ann", f"{served.own('ann')}/etc/passwd")
    os.symlink("/etc/passwd", served.work / "ann" / "plot.png")
    assert not served.may_be_shown("ann", f"{served.work}/ann/plot.png")


def test_the_page_shows_an_account_its_own_agents_and_plots(
    served: Folders, tmp_path: Path
) -> None:
    for path in ("state/config/ann/cat.png", "work/ann/plot.png", "assets/user.jpg"):
        assert served.may_be_shown("ann", str(tmp_path / path))
    for path in ("state/config/bob/cat.png", "work/bob/plot.png", "state/passwords", "state"):
        assert not served.may_be_shown("ann", str(tmp_path / path))


def test_visitors_of_a_published_agent_get_none_of_its_files(
    served: Folders, tmp_path: Path
) -> None:
    bot = Folders(served.cache, served.work, None, served.pictures)
    assert not bot.may_be_shown("local_user", f"{tmp_path}/state/config/local_user/plan.pdf")


def test_the_oldest_files_make_room(served: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_OF_ONE", 100)
    for number, name in enumerate(("old", "new")):
        file = served.own("ann") / name
        file.write_bytes(b"a" * 40)
        os.utime(file, (number, number))
    other = served.own("bob") / "his"
    other.write_bytes(b"a" * 90)
    os.utime(other, (0, 0))
    served.make_room("ann", 50)
    assert [path.name for path in served.own("ann").iterdir()] == ["new"]
    assert other.exists()
    monkeypatch.setattr(folders, "MOST_OF_ALL", 100)
    served.make_room("ann", 50)
    assert not other.exists()


def test_folders_that_go_meanwhile_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "old").write_bytes(b"a" * 40)
    scandir = os.scandir

    def remove_and_scan(path: Any) -> Any:
        if os.path.basename(path) == "gone":
            os.rmdir(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", remove_and_scan)
    folders.make_room(tmp_path, 0)
    assert not list(tmp_path.iterdir())


def test_files_are_found_wherever_data_names_them() -> None:
    value = [
        [{"text": "x", "files": ["/a", {"file": {"path": "/b"}}, {"path": "/c"}]}, None],
        {"avatar": "/d", "files": [], "text": "/not"},
        ({"avatar": {"path": "/e"}},),
    ]
    assert set(named_files(value)) == {"/a", "/b", "/c", "/d", "/e"}
    assert not list(named_files(None))


@pytest.mark.parametrize(
    "name", ["a.html", "a.svg", "a.xml", "a.js", "a.pdf", "a", "a.txt", "a.png.htm"]
)
def test_what_might_hold_scripts_is_only_downloaded(name: str) -> None:
    assert shown_as(f"/cache/{name}") == ("application/octet-stream", "attachment")


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.mp3", "a.mp4", "a.webp"])
def test_pictures_and_sounds_are_shown(name: str) -> None:
    assert shown_as(f"/cache/{name}")[1] == "inline"
