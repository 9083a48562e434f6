"""Logging in and out, by a person with a form and by a program."""

import re
import time

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AuthenticationError
from sharing_users import PASSWORDS
from talk import API, ask

from bot.sharing.accounts import Accounts
from bot.sharing.limits import LogInBrake

PERSON = {"accept": "text/html"}


def cookie_of(client: httpx.Client) -> str:
    return next(iter(client.cookies.values()))


def account(client: httpx.Client) -> int:
    return client.get("account").status_code


def log_out(client: httpx.Client, mark: str | None = None) -> httpx.Response:
    mark = mark or re.search(r'name="mark" value="(\w+)"', client.get("account").text)[1]
    return client.post("logout", data={"mark": mark})


def test_a_person_is_sent_to_the_form_and_back_to_their_conversation(with_users):
    with with_users.client() as person:
        thread = "ab" * 16
        sent = person.get("", params={"thread": thread}, headers=PERSON)
        assert (sent.status_code, sent.headers["location"]) == (303, f"/login?thread={thread}")
        form = person.get(sent.headers["location"]).text
        assert f'value="{thread}"' in form
        assert '<label for="password">' in form
        assert "http" not in form
        fields = {"username": " Alice ", "password": PASSWORDS["alice"], "thread": thread}
        back = person.post("login", data=fields, headers=PERSON)
        assert (back.status_code, back.headers["location"]) == (303, f"/?thread={thread}")
        assert "alice" in person.get("account").text
        assert person.get("").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(with_users):
    with with_users.client() as person:
        header = person.post("login", data={"username": "bob", "password": PASSWORDS["bob"]}).headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" not in header  # over http, which the browser would refuse


@pytest.mark.parametrize("name", ["alice", "nobody-of-that-name", "", "alice:x", "<script>"])
def test_a_wrong_password_is_one_line(serve, name: str):
    with serve(log_in=True).client() as person:
        reply = person.post("login", data={"username": name, "password": "wrong"}, headers=PERSON)
        assert reply.status_code == 401
        assert "Name or password is wrong" in reply.text
        assert "<script>" not in reply.text
        assert person.get(f"{API}info").status_code == 401


def test_log_out_ends_the_session_for_good(with_users):
    with with_users.client("alice") as alice:
        stolen = dict(alice.cookies)
        assert log_out(alice).headers["location"] == "/login"
        assert account(alice) == 303
    assert httpx.get(f"{with_users.address}config", cookies=stolen).status_code == 401


def test_no_other_site_logs_anybody_out(with_users):
    with with_users.client("alice") as alice, with_users.client("bob") as bob:
        assert alice.get("logout").status_code == 404
        assert alice.post("logout").status_code == 403
        theirs = re.search(r'name="mark" value="(\w+)"', bob.get("account").text)[1]
        assert log_out(alice, theirs).status_code == 403
        mark = re.search(r'name="mark" value="(\w+)"', alice.get("account").text)[1]
        for elsewhere in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
            assert alice.post("logout", data={"mark": mark}, headers=elsewhere).status_code == 403
        assert account(alice) == 200


def test_a_page_on_another_port_of_this_host_gets_nothing(with_users):
    with with_users.client("alice") as alice:
        for path in ("config", f"{API}info", ""):
            assert alice.get(path, headers={"origin": "http://127.0.0.1:1"}).status_code == 403
        own = with_users.address.rstrip("/")
        assert alice.get("config", headers={"origin": own}).status_code == 200


def test_a_log_in_has_a_session_of_its_own_and_ends_the_one_before(with_users):
    with with_users.client() as person:
        planted = f"{'0' * 64}.{'0' * 64}"
        name = f"unblur_session_{'0' * 8}"
        person.cookies.set(name, planted, domain="127.0.0.1")
        form = {"username": "alice", "password": PASSWORDS["alice"]}
        person.post("login", data=form)
        first = cookie_of_ours(person)
        person.post("login", data=form)
        second = cookie_of_ours(person)
        assert len({planted, first, second}) == 3
    assert httpx.get(f"{with_users.address}config", cookies={name_of_ours(person): first}).status_code == 401
    assert httpx.get(f"{with_users.address}config", cookies={name_of_ours(person): second}).status_code == 200


def name_of_ours(client: httpx.Client) -> str:
    return next(name for name in client.cookies if name != f"unblur_session_{'0' * 8}")


def cookie_of_ours(client: httpx.Client) -> str:
    return client.cookies[name_of_ours(client)]


def test_a_session_ends_after_its_hours(serve):
    with serve(log_in=True, session_hours=2 / 3600).client("alice") as alice:
        assert account(alice) == 200
        time.sleep(2.1)
        assert account(alice) == 303


def test_a_new_password_or_a_removed_user_ends_every_session(serve):
    served = serve(log_in=True)
    accounts = Accounts(served.settings.users_file)
    with served.client("alice") as alice, served.client("bob") as bob:
        accounts.add("alice", "another password", overwrite=True)
        accounts.remove("bob")
        assert account(alice) == account(bob) == 303
        assert bob.post("login", data={"username": "bob", "password": PASSWORDS["bob"]}).status_code == 401


def test_sessions_outlive_a_restart(serve, with_users):
    with with_users.client("alice") as alice:
        cookies = dict(alice.cookies)
    again = serve(log_in=True, home=with_users.settings.home)
    assert httpx.get(f"{again.address}account", cookies=cookies).status_code == 200


def test_two_hundred_wrong_passwords_are_slowed_to_one_a_second(serve):
    with serve(log_in=True).client() as person:
        began = time.monotonic()
        form = {"username": "alice", "password": "wrong"}
        replies = [person.post("login", data=form) for _ in range(200)]
        seconds = time.monotonic() - began
    tried = [reply.status_code for reply in replies].count(401)
    assert 10 <= tried <= 11 + seconds
    refused = [reply for reply in replies if reply.status_code == 429]
    assert len(refused) == 200 - tried
    assert all(reply.headers["retry-after"] in ("1", "2") for reply in refused)


def test_the_brake_counts_names_and_addresses_and_forgets_them():
    now = [0.0]
    brake = LogInBrake(clock=lambda: now[0])
    for number in range(10):
        assert brake.wait_s([f"name:{number}", "from:a"]) == 0
    assert brake.wait_s(["name:new", "from:a"]) == 1.0
    assert brake.wait_s(["name:new", "from:b"]) == 0
    now[0] = 1.0
    assert brake.wait_s(["name:new", "from:a"]) == 0
    assert brake.wait_s(["name:new", "from:a"]) == 1.0
    now[0] = 1000.0
    assert [brake.wait_s(["name:new", "from:a"]) for _ in range(11)] == [0.0] * 10 + [1.0]


def test_gradios_client_logs_in_and_asks(with_users):
    client = Client(with_users.address, auth=("alice", PASSWORDS["alice"]), verbose=False, analytics_enabled=False)
    answer = client.predict("tell me about CausalSR", api_name="/ask")
    again = client.predict("Does that one have code?", answer["thread"], api_name="/ask")
    assert again["thread"] == answer["thread"]
    client.close()
    with with_users.client("bob") as bob:
        assert ask(bob, "tell me about CausalSR")["thread"] != answer["thread"]
    with pytest.raises(AuthenticationError):
        Client(with_users.address, auth=("alice", "wrong"), verbose=False, analytics_enabled=False)
