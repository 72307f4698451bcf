from pathlib import Path
from typing import Any

import pytest

from agentfabric_offline.documents import decoded, passages_of
from agentfabric_offline.errors import Problem

TEXT = "仓库的负责人是李雷。"


def parse(path: str) -> list[dict[str, Any]]:
    """What upstream's reader does with a text, as far as it matters here."""
    return [{"page_content": each} for each in Path(path).read_text("utf-8").split("\n\n")]


def passages(tmp_path: Path, name: str, content: bytes) -> list[str]:
    file = tmp_path / name
    file.write_bytes(content)
    return passages_of(file, parse, tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_chinese_text_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    assert passages(tmp_path, "notes.txt", TEXT.encode(encoding)) == [TEXT]


def test_a_text_in_no_known_encoding_is_named() -> None:
    with pytest.raises(Problem, match=r"notes\.txt.*UTF-8") as caught:
        decoded(b"\xff\x00\x81\x00", "notes.txt")
    assert caught.value.key == "knowledge encoding"


def test_blank_passages_are_left_out(tmp_path: Path) -> None:
    assert passages(tmp_path, "notes.md", b"one\n\n  \n\ntwo") == ["one", "two"]


def test_a_document_without_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"scan\.pdf") as caught:
        passages(tmp_path, "scan.pdf", b" \n\n ")
    assert caught.value.key == "knowledge empty"


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"gone\.txt") as caught:
        passages_of(tmp_path / "gone.txt", parse, tmp_path)
    assert caught.value.key == "knowledge gone"


def test_a_broken_document_is_named_with_the_first_reason(tmp_path: Path) -> None:
    def fail(path: str) -> list[dict[str, Any]]:
        try:
            raise ValueError("File is not a zip file")
        except ValueError as error:
            raise RuntimeError(f"Failed, and detail: Traceback {error}") from error

    file = tmp_path / "plan.pptx"
    file.write_bytes(b"no zip")
    with pytest.raises(Problem, match=r"`plan\.pptx` cannot be read .*: File is not a zip file\."):
        passages_of(file, fail, tmp_path)


def test_only_the_suffix_says_how_a_file_is_read(tmp_path: Path) -> None:
    seen: list[str] = []

    def note(path: str) -> list[dict[str, Any]]:
        seen.append(Path(path).name)
        return [{"page_content": "text"}]

    folder = tmp_path / "all.pdf.files"
    folder.mkdir()
    file = folder / "report.pptx.TXT"
    file.write_bytes(b"text")
    passages_of(file, note, tmp_path)

    assert seen == ["knowledge.txt"]


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"`table\.csv`.*\.docx"):
        passages(tmp_path, "table.csv", b"1,2")
