"""The file of users, and the command that writes it."""

from pathlib import Path

import pytest

from bot.cli import run
from bot.errors import UserError
from bot.settings import Settings
from bot.sharing.accounts import Accounts
from bot.sharing.setup import Sharing


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people" / "users"


@pytest.fixture
def unblur(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("UNBLUR_AUTH", str(file))

    def unblur(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
        monkeypatch.setattr("sys.stdin.readline", lambda: typed, raising=False)
        status = run(["users", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return unblur


def test_users_are_added_listed_and_removed(unblur, file: Path):
    assert unblur("add", "alice", typed="correct horse\n") == (0, "", "alice may log in\n")
    assert unblur("add", "bob", typed="battery staple\n")[0] == 0
    assert unblur("list")[:2] == (0, "alice\nbob\n")
    assert unblur("list", "--json")[1] == '["alice", "bob"]\n'
    assert unblur("remove", "bob")[0] == 0
    assert unblur("list")[1] == "alice\n"
    assert file.stat().st_mode & 0o077 == 0
    assert "$argon2id$" in file.read_text()
    assert "horse" not in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "typed", "line"),
    [
        (("add", "alice"), "short\n", "5 characters"),
        (("add", "alice"), "", "0 characters"),
        (("add", "Al:ice"), "correct horse\n", "cannot be a user's name"),
        (("remove", "carol"), "", "there is no user 'carol'"),
    ],
)
def test_a_mistake_is_one_line(unblur, arguments: tuple[str, ...], typed: str, line: str):
    status, out, said = unblur(*arguments, typed=typed)
    assert (status, out) == (2, "")
    assert line in said
    assert said.count("\n") == 1


def test_a_password_is_changed_only_when_asked(unblur, file: Path):
    unblur("add", "alice", typed="correct horse\n")
    status, _, said = unblur("add", "alice", typed="another one\n")
    assert (status, "--overwrite" in said) == (2, True)
    assert Accounts(file).verify("alice", "correct horse")
    assert unblur("add", "alice", "--overwrite", typed="another one\n")[0] == 0
    assert Accounts(file).verify("alice", "another one")
    assert not Accounts(file).verify("alice", "correct horse")


def test_a_file_without_users_is_told_at_the_start(tmp_path: Path):
    with pytest.raises(UserError, match="unblur users add NAME"):
        Sharing(Settings(home=tmp_path, auth=str(tmp_path / "missing")))
