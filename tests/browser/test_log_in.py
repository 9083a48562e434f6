"""Somebody logs in, mistypes, looks at their account and logs out: the same calm pages, for everybody to read."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from reader import LAPTOP, PHONE, Reader
from test_conversation import RAIN, NoModel

from bot.service import Bot
from bot.settings import Settings
from bot.sharing.accounts import Accounts
from store.store import Store

_PASSWORD = "a long enough one"


@pytest.fixture
def address(serving, tmp_path: Path) -> str:
    """A server where Ada may log in."""
    users = tmp_path / "users"
    Accounts(users).add("ada", _PASSWORD)
    store = Store.in_memory(NoModel())
    store.put(RAIN)
    return str(serving(Bot(store, Settings(home=tmp_path, auth=str(users)))))


def in_order(reader: Reader) -> None:
    assert reader.barriers() == []
    assert not reader.scrolls_sideways()


@pytest.mark.parametrize(("size", "dark"), [(LAPTOP, False), (PHONE, True)], ids=["laptop", "phone, dark"])
def test_the_log_in_and_the_account_can_be_used_by_everybody(arrive, address: str, size: tuple[int, int], dark: bool):
    reader = arrive(size, dark=dark, address=address, open_it=False)
    page = reader.page
    page.goto(address)
    expect(page.get_by_label("Name")).to_be_focused()
    in_order(reader)
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type("not the one")
    with page.expect_response("**/login") as refused:
        page.keyboard.press("Enter")
    assert refused.value.status == 401
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong. Try again.")
    expect(page.get_by_label("Name")).to_have_value("ada")
    in_order(reader)
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(reader.box).to_be_visible(timeout=30_000)
    account = page.get_by_role("link", name="Account")
    covered = account.evaluate(
        "(one) => { const box = one.getBoundingClientRect();"
        " return !one.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)); }"
    )
    assert not covered
    in_order(reader)
    reader._leaving = True
    account.click()
    expect(page.get_by_text("You are logged in as ada.")).to_be_visible()
    in_order(reader)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Name")).to_be_visible()
    reader.errors[:] = [
        line for line in reader.errors if "401" not in line
    ]  # the browser's own line on the wrong password
