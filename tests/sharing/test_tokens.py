"""Programs with a token: whose it is, and what a wrong one meets."""

import stat
from pathlib import Path

import httpx
import pytest
from sharing_users import PASSWORDS
from talk import API, ask

from bot.cli import run
from bot.sharing.accounts import Accounts
from bot.sharing.rules import RULES, Who
from bot.sharing.tokens import bearer


def with_token(served, token: str) -> httpx.Client:
    return httpx.Client(base_url=served.address, timeout=30, headers={"authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def served(serve):
    """A server of its own, since wrong tokens slow everybody down who comes from the same address."""
    return serve(log_in=True)


@pytest.fixture
def token_of(served):
    accounts = Accounts(served.settings.users_file)
    yield accounts.new_token
    for name in PASSWORDS:
        accounts.revoke_tokens(name)


def test_a_token_acts_as_its_user(served, token_of):
    with with_token(served, token_of("alice")) as program, served.client("alice") as alice, served.client("bob") as bob:
        answer = ask(program, "tell me about CausalSR")
        path = f"unblur/conversations/{answer['thread']}/conversation.json"
        assert program.get(path).status_code == alice.get(path).status_code == 200
        assert bob.get(path).status_code == 404
        assert "set-cookie" not in program.get("").headers


def test_each_user_is_kept_apart_by_tokens_too(served, token_of):
    with with_token(served, token_of("alice")) as alice, with_token(served, token_of("bob")) as bob:
        thread = ask(alice, "tell me about CausalSR")["thread"]
        assert bob.get(f"unblur/conversations/{thread}/conversation.json").status_code == 404
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            ask(bob, "tell me about CausalSR", thread)


def test_a_wrong_token_is_refused_on_every_route_and_slowed_down(serve):
    served = serve(log_in=True)
    paths = sorted(
        {rule.path for rule in RULES if rule.method == "GET" and rule.who is not Who.NOBODY and "{" not in rule.path}
    )
    assert "/healthz" in paths
    with served.client("alice") as alice, with_token(served, "unblur_wrong") as program:
        program.cookies = alice.cookies  # a good cookie does not help a wrong token
        replies = [program.get(path) for path in paths]
        assert [reply.status_code for reply in replies[:10]] == [401] * 10
        assert {reply.status_code for reply in replies} == {401, 429}
        first, last = replies[0], replies[-1]
        assert first.headers["www-authenticate"] == "Bearer"
        assert first.json()["error"] == "this token does not hold: make a new one with `unblur users token NAME`"
        assert last.headers["retry-after"] in ("1", "2")
        wrong = program.post("login", data={"username": "alice", "password": "wrong"}, headers={"authorization": ""})
        assert wrong.status_code == 429  # wrong tokens count as failed log-ins from this address
    with with_token(served, Accounts(served.settings.users_file).new_token("bob")) as bob:
        assert bob.get("config").status_code == 200  # a good token is not held up by others' wrong ones


@pytest.mark.parametrize("sent", ["", "x" * 300, "unblur_ü", "alice", "correct horse"])
def test_odd_tokens_are_wrong_tokens(served, sent: str):
    headers = {b"authorization": f"Bearer {sent}".strip().encode()}
    assert httpx.get(f"{served.address}{API}info", headers=headers).status_code == 401


def test_revoked_tokens_and_those_of_removed_users_do_not_hold(serve):
    served = serve(log_in=True)
    accounts = Accounts(served.settings.users_file)
    first, second, bobs = accounts.new_token("alice"), accounts.new_token("alice"), accounts.new_token("bob")

    def works(token: str) -> bool:
        with with_token(served, token) as program:
            return program.get("config").status_code == 200

    assert works(first) and works(second) and works(bobs)
    assert accounts.revoke_tokens("alice") == 2
    assert [works(token) for token in (first, second, bobs)] == [False, False, True]
    accounts.remove("bob")
    assert not works(bobs)
    accounts.add("bob", PASSWORDS["bob"])
    assert not works(bobs)  # another bob


def test_a_user_edited_out_of_the_file_does_not_leave_a_token_to_the_next_of_that_name(tmp_path: Path):
    accounts = Accounts(tmp_path / "users")
    accounts.add("alice", PASSWORDS["alice"])
    token = accounts.new_token("alice")
    assert accounts.token_name(token) == "alice"
    accounts.file.write_text("")
    assert accounts.token_name(token) is None
    accounts.add("alice", "somebody else's")
    assert accounts.token_name(token) is None


def test_a_password_change_leaves_programs_alone(tmp_path: Path):
    accounts = Accounts(tmp_path / "users")
    accounts.add("alice", PASSWORDS["alice"])
    token = accounts.new_token("alice")
    accounts.add("alice", "another password", overwrite=True)
    assert accounts.token_name(token) == "alice"


def test_a_proxys_own_log_in_is_no_token(with_users):
    with with_users.client("alice") as alice:
        assert alice.get("config", headers={"authorization": "Basic YWxpY2U6eA=="}).status_code == 200
    assert bearer("bEARER  abc ") == "abc"
    assert bearer(None) is bearer("") is bearer("Basic abc") is None


def test_without_users_no_token_is_looked_at(open_to_all):
    with with_token(open_to_all, "unblur_wrong") as program:
        for _ in range(12):
            assert program.get("config").status_code == 200


def test_the_command_makes_and_revokes_tokens(tmp_path: Path, monkeypatch, capsys):
    file = tmp_path / "users"
    monkeypatch.setenv("UNBLUR_AUTH", str(file))
    Accounts(file).add("alice", PASSWORDS["alice"])
    assert run(["users", "token", "alice"]) == 0
    said = capsys.readouterr()
    token = said.out.rstrip("\n")
    assert said.err.count("\n") == 1
    assert Accounts(file).token_name(token) == "alice"
    kept = file.with_name("users.tokens")
    assert token not in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert run(["users", "token", "alice", "--revoke"]) == 0
    assert capsys.readouterr().err == "1 token of alice revoked\n"
    assert Accounts(file).token_name(token) is None
    assert run(["users", "token", "carol"]) == 2
    assert "there is no user 'carol'" in capsys.readouterr().err
