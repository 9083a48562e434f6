"""Somebody chooses what a conversation may use, adds briefs by file and by hand, and removes one again."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from reader import LAPTOP, PHONE, Reader

from bot.service import Bot
from bot.settings import Settings
from ingest.pipeline import bundled_briefs
from store.embedding import Vectors
from store.model import Brief, Entry, Kind
from store.store import Store

RAIN = """A user has asked the following question:
"How is rain removed from photos?"

### Related Papers:
Model: DeRainer: Rain Removal
Paper: https://arxiv.org/abs/2001.00001
Summary: We propose DeRainer, a network that removes rain streaks from photos.

Model: FeatSharp: Your Vision Model Features, Sharper
Paper: http://arxiv.org/pdf/2502.16025v1.pdf
"""


class QuickEmbedder:
    """Counts letters: enough where sources are asked for by name."""

    name, dimension = "letters", 128

    def encode(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[1e-3 + text.count(chr(code)) for code in range(128)] for text in texts], dtype=np.float32)
        counts = counts.reshape(-1, 128)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.in_memory(QuickEmbedder())
    for brief in bundled_briefs():
        store.put(brief)
    yield store
    store.close()


@pytest.fixture
def start(store: Store, serving, tmp_path: Path) -> Callable[..., str]:
    """Starts a server of the test's own, again and again over the same data."""
    return lambda **settings: serving(Bot(store, Settings(home=tmp_path, **settings)))


def choose(reader: Reader, label: str, option: str) -> None:
    reader.page.get_by_role("combobox", name=label).click()
    reader.page.get_by_role("option", name=option).click()


def open_briefs(reader: Reader) -> None:
    reader.page.get_by_role("button", name="Add or remove briefs").click()
    expect(reader.page.get_by_label("Or paste a brief")).to_be_visible()


def come_again(reader: Reader) -> None:
    reader.open(f"?{reader.page.url.partition('?')[2]}")


def report(reader: Reader):
    return reader.page.locator("#brief-report .report")


def held(reader: Reader):
    return reader.page.locator("#held .card")


def test_a_conversation_keeps_to_the_chosen_sources(arrive, start):
    reader = arrive(address=start())
    uses = reader.page.locator("#uses .uses")
    expect(uses).to_be_hidden()
    choose(reader, "This conversation uses", "Chosen sources")
    expect(reader.page.locator("#scope-note")).to_contain_text("Choose at least one; until then all are used.")
    reader.page.get_by_label("FeatSharp: Your Vision Model Features, Sharper").check()
    expect(uses).to_have_text("Uses FeatSharp: Your Vision Model Features, Sharper alone. Change")
    expect(held(reader)).to_have_count(1)
    assert reader.barriers() == []
    expect(reader.ask("Tell me about CausalSR")).to_contain_text("The sources this conversation is held to say nothing")
    expect(reader.ask("Tell me about FeatSharp")).to_contain_text("FeatSharp")
    expect(reader.sources.locator(".answer-sources:not([hidden]) .card")).to_have_count(1)
    come_again(reader)
    reader.wait_for_answer(2)
    expect(uses).to_contain_text("Uses FeatSharp")
    thread = reader.page.url.partition("?")[2]
    other = start()  # another server over the same data
    reader.page.goto("about:blank")
    reader.address = other
    reader.open(f"?{thread}")
    reader.wait_for_answer(2)
    expect(uses).to_contain_text("Uses FeatSharp")
    expect(reader.page.get_by_label("FeatSharp: Your Vision Model Features, Sharper")).to_be_checked()
    choose(reader, "This conversation uses", "All sources")
    expect(uses).to_be_hidden()
    expect(reader.ask("Tell me about CausalSR")).to_contain_text("CausalSR")
    choose(reader, "This conversation uses", "Even after enlarging")
    expect(uses).to_contain_text("Uses the brief “004_3a10c79aa0658d16.txt” alone.")
    reader.page.get_by_role("button", name="New conversation").click()
    expect(reader.answers).to_have_count(0)
    expect(uses).to_be_hidden()
    expect(held(reader)).to_have_count(6)


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_one_of_very_many_sources_is_found_by_words_of_its_title(arrive, start, store: Store, size):
    many = [
        Entry(Kind.PAPER, f"Denoiser Number {n}", f"https://arxiv.org/abs/2001.{n:05}", None, "") for n in range(400)
    ]
    store.put(Brief("many", None, tuple(many), ""))
    reader = arrive(size, address=start())
    if size == PHONE:
        reader.page.get_by_role("link", name="Uses all 406 sources").click()
    choose(reader, "This conversation uses", "Chosen sources")
    note = reader.page.locator("#scope-note")
    expect(note).to_contain_text("300 of 406 sources are listed: find others by words of their titles.")
    expect(reader.page.get_by_label("Denoiser Number 397")).to_be_hidden()
    find = reader.page.get_by_label("Find a source by its title")
    find.press_sequentially("number 397")
    reader.page.get_by_label("Denoiser Number 397").check()
    expect(held(reader)).to_have_count(1)
    expect(note).to_be_empty()
    find.fill("no such title")
    expect(note).to_contain_text("No source has these words in its title.")
    expect(reader.page.get_by_label("Denoiser Number 397")).to_be_checked()
    assert reader.barriers() == []
    assert not reader.scrolls_sideways()


def test_on_a_phone_a_brief_is_chosen_from_the_line_below_the_input(arrive, start):
    reader = arrive(PHONE, dark=True, address=start())
    reader.page.get_by_role("link", name="Uses all 6 sources").click()
    choose(reader, "This conversation uses", "Even after enlarging")
    expect(held(reader)).to_have_count(3)
    assert reader.barriers() == []
    reader.page.keyboard.press("Escape")
    expect(reader.page.locator("#uses .uses")).to_be_in_viewport()
    expect(reader.examples.locator("visible=true")).to_have_count(1)
    reader.ask("which sources do you have?")
    assert "CausalSR" not in reader.answers.first.inner_text()
    assert not reader.scrolls_sideways()
    assert reader.barriers() == []
    reader.page.get_by_role("link", name="Change").click()
    reader.page.get_by_role("option", name="All sources").click()
    expect(reader.page.get_by_role("combobox", name="This conversation uses")).to_have_value("All sources")
    expect(held(reader)).to_have_count(6)


def test_a_pasted_brief_is_checked_mended_asked_and_removed(arrive, start, store: Store):
    reader = arrive(address=start())
    open_briefs(reader)
    expect(reader.page.locator("#briefs")).to_contain_text("Everybody who uses this page will see what you add.")
    box, add = (
        reader.page.get_by_label("Or paste a brief"),
        reader.page.get_by_role("button", name="Add the pasted brief"),
    )
    box.fill(RAIN.replace("https://arxiv.org/abs/2001.00001", "see arxiv"))
    add.click()
    expect(report(reader)).to_contain_text("The pasted text, line 6: Paper: needs one link")
    expect(report(reader).locator("pre")).to_have_text("6 Paper: see arxiv")
    assert reader.barriers() == []
    expect(box).to_have_value(RAIN.replace("https://arxiv.org/abs/2001.00001", "see arxiv"))
    box.fill(RAIN)
    add.click()
    expect(report(reader)).to_contain_text("Added “Pasted: How is rain removed from photos?”.")
    expect(report(reader).locator("li")).to_have_text(["DeRainer: Rain Removal new paper"])
    expect(report(reader)).to_contain_text("1 source is held already, word for word.")
    expect(box).to_have_value("")
    expect(held(reader)).to_have_count(7)
    expect(reader.page.locator("#header")).to_contain_text("7 supplied sources")
    assert reader.barriers() == []
    answer = reader.ask("Tell me about DeRainer")
    expect(answer).to_contain_text("removes rain streaks")
    choose(reader, "Or remove a brief", "Pasted: How is rain")
    reader.page.get_by_role("button", name="Remove it…").click()
    sure = reader.page.locator("#brief-removal .report")
    expect(sure).to_contain_text("These goDeRainer: Rain RemovalThese stay, since another brief names themFeatSharp")
    assert reader.barriers() == []
    reader.page.get_by_role("button", name="Keep it", exact=True).click()
    expect(sure).to_be_hidden()
    assert len(store.briefs()) == 3
    reader.page.get_by_role("button", name="Remove it…").click()
    reader.page.get_by_role("button", name="Remove for everybody").click()
    expect(sure).to_contain_text("Removed “Pasted: How is rain removed from photos?”.")
    expect(held(reader)).to_have_count(6)
    come_again(reader)
    reader.wait_for_answer(1).locator("a.marker").nth(1).click()
    expect(reader.shown_quote.first).to_contain_text("DeRainer")
    expect(reader.ask("Tell me about DeRainer")).to_contain_text("say nothing about DeRainer")


def test_on_a_phone_files_are_added_and_what_is_no_brief_is_told(arrive, start, tmp_path: Path):
    for name, content in {
        "rain.md": RAIN.encode(),
        "photo.txt": b"\x89PNG\0",
        "old.txt": "Déraineur".encode("latin-1"),
    }.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "large.txt").write_bytes(b"x" * 2_500_000)
    reader = arrive(PHONE, address=start())
    reader.page.get_by_role("link", name="Uses all 6 sources").click()
    open_briefs(reader)
    files = reader.page.get_by_test_id("Choose files to add-upload-button")
    files.set_input_files([tmp_path / name for name in ("rain.md", "photo.txt", "old.txt", "large.txt")])
    expect(report(reader)).to_contain_text("Added “rain.md”.")
    expect(report(reader).locator(".broken p")).to_have_text(
        [
            "photo.txt: holds binary data, not text: give a .txt, .md or .jsonl file.",
            "old.txt, line 1: is not UTF-8 text: save the file as UTF-8.",
            "large.txt: has 2.5 MB, and 2.0 MB are taken here: split it, or have it put in with unblur ingest.",
        ]
    )
    expect(report(reader)).to_be_in_viewport()
    assert not reader.scrolls_sideways()
    assert reader.barriers() == []
    files.set_input_files([tmp_path / "rain.md"])
    expect(report(reader)).to_contain_text("“rain.md” is held already, word for word: nothing was changed.")
    reader.page.get_by_role("button", name="Close", exact=True).click()
    expect(reader.ask("Tell me about DeRainer")).to_contain_text("removes rain streaks")


def test_the_sources_of_a_pasted_brief_are_kept(arrive, start, store: Store):
    reader = arrive(address=start())
    uses = reader.page.locator("#uses .uses")
    answer = reader.ask(RAIN)
    expect(uses).to_contain_text("Uses the pasted brief alone.")
    expect(reader.page.get_by_role("combobox", name="This conversation uses")).to_have_value("The pasted brief")
    assert len(store.briefs()) == 2
    assert reader.barriers() == []
    answer.get_by_role("button", name="Keep these sources").click()
    expect(reader.page.locator("#kept")).to_contain_text("Added “Pasted: How is rain removed from photos?”.")
    expect(uses).to_contain_text("Uses the brief “Pasted: How is rain removed from photos?” alone.")
    expect(reader.page.get_by_role("button", name="Keep these sources")).to_have_count(0)
    expect(reader.ask("Tell me about CausalSR")).to_contain_text("this conversation is held to")
    choose(reader, "This conversation uses", "All sources")
    expect(reader.ask("Tell me about CausalSR")).to_contain_text("is a paper among the sources")
    assert reader.barriers() == []


def test_a_page_that_is_read_only_offers_no_change(arrive, start):
    reader = arrive(address=start(read_only=True))
    expect(held(reader)).to_have_count(6)
    expect(reader.page.get_by_role("combobox", name="This conversation uses")).to_be_visible()
    expect(reader.page.get_by_text("Add or remove briefs")).to_have_count(0)
    reader.ask(RAIN)
    expect(reader.page.locator("#uses .uses")).to_contain_text("Uses the pasted brief alone.")
    expect(reader.page.get_by_role("button", name="Keep these sources")).to_have_count(0)
