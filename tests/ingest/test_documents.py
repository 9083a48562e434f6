"""Finding documents and reading their text: what is no text is refused in one line."""

import os
from pathlib import Path

import pytest

from ingest.documents import Document, decode, locate
from ingest.problems import BriefError


def names(path: Path) -> list[str]:
    return [location.name for location in locate(path).locations]


def test_a_folder_gives_its_briefs_by_their_path_below_it(tmp_path: Path):
    for name in ("b.txt", "sub/a.MD", "a.jsonl", "README.md", ".hidden.txt", ".git/c.txt", "photo.png", "license.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert names(tmp_path) == ["a.jsonl", "b.txt", "sub/a.MD"]


def test_a_file_that_is_named_may_be_called_anything(tmp_path: Path):
    path = tmp_path / ".README"
    path.write_text("x")
    assert names(path) == [".README"]


def test_what_is_not_there_is_said(tmp_path: Path):
    missing, empty = locate(tmp_path / "missing"), locate(tmp_path)
    assert missing.nothing and "missing: no such file or folder" in str(missing.nothing)
    assert empty.nothing and "holds no briefs" in str(empty.nothing)


def test_what_is_no_file_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (problem,) = locate(tmp_path / "pipe").problems
    assert "is no file of text" in str(problem)
    assert locate(tmp_path).nothing  # a pipe in a folder is passed over, whatever its name


def test_a_path_that_cannot_exist_is_a_problem():
    found = locate(Path("x" * 5000))
    assert found.problems and "cannot be read" in str(found.problems[0])


def test_a_file_without_permission_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.txt"
    path.write_text("x")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)  # the tests may run as root, whom nothing is denied
    with pytest.raises(BriefError, match=r"a\.txt: cannot be read \(Permission denied\)"):
        locate(path).locations[0].read()


def test_a_name_that_cannot_be_shown_is_a_problem(tmp_path: Path):
    path = tmp_path / "a\nb.txt"
    path.write_text("x")
    with pytest.raises(BriefError, match="rename it") as caught:
        locate(path).locations[0].read()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_with_or_without_a_mark(encoding: str):
    assert decode("Schärfe ×4\r\n".encode(encoding), "a.txt") == "Schärfe ×4\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "a.txt: is empty"),
        (b" \r\n\t", "a.txt: is empty"),
        (b"\xef\xbb\xbf", "a.txt: is empty"),
        (b"ab\0cd", "a.txt: holds binary data"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.txt: holds binary data"),
        (b"\xff\xfea", "a.txt, line 1: is not UTF-8 text"),
        ("one\nSchärfe".encode("latin-1"), "a.txt, line 2: is not UTF-8 text"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, expected: str):
    with pytest.raises(BriefError) as caught:
        decode(data, "a.txt")
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("origin", "text", "expected"),
    [("/a.jsonl", "x", True), ("/a.txt", "{", False), ("", "\n {}", True), ("", "Hello {}", False)],
)
def test_the_name_says_whether_a_file_is_json_lines_and_the_text_when_there_is_no_file(
    origin: str, text: str, expected: bool
):
    assert Document("a", "a", origin, text).is_json_lines is expected
