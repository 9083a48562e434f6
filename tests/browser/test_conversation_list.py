"""Somebody has several conversations: finds them, renames one, takes it along, deletes it."""

import json
import zipfile
from pathlib import Path

from playwright.sync_api import expect
from reader import PHONE, Reader


def open_list(reader: Reader) -> None:
    reader.page.get_by_role("button", name="Conversations", exact=True).click()
    expect(reader.page.get_by_label("Search conversations")).to_be_in_viewport()


def listed(reader: Reader):
    return reader.page.locator("#list a")


def test_conversations_are_listed_found_renamed_and_opened_again(reader: Reader):
    reader.ask("tell me about CausalSR")
    reader.page.get_by_role("button", name="New conversation").click()
    expect(reader.answers).to_have_count(0)
    reader.ask("tell me about FeatSharp")
    open_list(reader)
    expect(listed(reader)).to_have_text(["tell me about FeatSharp", "tell me about CausalSR"])
    expect(listed(reader).first).to_have_attribute("aria-current", "page")
    reader.page.get_by_label("Search conversations").fill("counterfactual")
    expect(listed(reader)).to_have_text(["tell me about CausalSR"])
    reader.page.get_by_label("Search conversations").fill("")
    expect(listed(reader)).to_have_count(2)
    reader.page.get_by_label("Name of this conversation").fill("Sharper features")
    reader.page.get_by_label("Name of this conversation").press("Enter")
    expect(listed(reader).first).to_have_text("Sharper features")
    listed(reader).nth(1).click()
    expect(reader.wait_for_answer(1)).to_contain_text("CausalSR")


def test_a_conversation_is_taken_along_and_deleted_for_good(reader: Reader, tmp_path: Path):
    reader.page.get_by_role("button", name="Try it on a sample photo").click()
    reader.wait_for_answer(1)
    open_list(reader)
    with reader.page.expect_download() as waiting:
        reader.page.get_by_role("link", name="Markdown with photos").click()
    saved = tmp_path / "saved.zip"
    waiting.value.save_as(saved)
    with zipfile.ZipFile(saved) as packed:
        assert "photos/photo-1.jpg" in packed.namelist()
        assert len(json.loads(packed.read("conversation.json"))["turns"]) == 1
    with reader.page.expect_download() as waiting:
        reader.page.get_by_role("link", name="HTML").click()
    waiting.value.save_as(tmp_path / "saved.html")
    opened = Reader(reader.page.context.new_page(), "")
    opened.page.goto((tmp_path / "saved.html").as_uri())
    expect(opened.page.get_by_role("img")).to_have_count(2)
    assert opened.barriers() == []
    opened.page.close()
    address = reader.page.url
    photo = reader.page.locator("#conversation .made img").get_attribute("src")
    reader.page.get_by_role("button", name="Delete this conversation").click()
    reader.page.get_by_role("button", name="Keep it").click()
    expect(reader.page.get_by_role("button", name="Delete for good, with its photos")).to_be_hidden()
    reader.page.get_by_role("button", name="Delete this conversation").click()
    reader.page.get_by_role("button", name="Delete for good, with its photos").click()
    expect(reader.answers).to_have_count(0)
    reader.page.wait_for_url(lambda url: "thread=" not in url, timeout=10_000)
    expect(reader.page.locator("#list")).to_contain_text("Your conversations will be listed here")
    assert reader.page.request.get(f"{reader.address}{str(photo).removeprefix('./')}").status == 404
    reader.open(f"?{address.partition('?')[2]}")
    expect(reader.examples.first).to_be_visible()


def test_the_list_has_no_barriers_and_fits_a_phone(arrive):
    reader = arrive(PHONE)
    reader.ask("tell me about CausalSR")
    open_list(reader)
    expect(listed(reader)).to_have_count(1)
    assert reader.barriers() == []
    assert not reader.scrolls_sideways()


def test_another_browser_sees_none_of_it(arrive):
    one, other = arrive(), arrive()
    one.ask("tell me about CausalSR")
    open_list(other)
    expect(other.page.locator("#list")).to_contain_text("Your conversations will be listed here")
    other.open(f"?{one.page.url.partition('?')[2]}")
    expect(other.examples.first).to_be_visible()
