"""Somebody opens the page for the first time, clicks a supplied question, reads the answer and follows its quotes."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from reader import PHONE, Reader

from ingest.pipeline import bundled_briefs
from store.model import Brief


@pytest.fixture(scope="module")
def briefs() -> list[Brief]:
    return bundled_briefs()


@pytest.fixture
def answer(reader: Reader) -> Locator:
    """The answer to the first supplied question."""
    reader.examples.first.click()
    return reader.wait_for_answer()


def texts_of(briefs: list[Brief]) -> str:
    """Everything that was supplied, white space aside."""
    return " ".join(" ".join(f"{e.title} {e.summary}".split()) for brief in briefs for e in brief.entries)


def links_of(briefs: list[Brief]) -> set[str]:
    return {url for brief in briefs for e in brief.entries for url in (e.paper_url, e.github_url) if url}


def test_the_server_says_its_address_in_less_than_20_seconds(served):
    assert served.seconds < 20


def test_the_first_screen_says_what_this_is_and_offers_the_supplied_questions(reader: Reader, briefs: list[Brief]):
    expect(reader.page.locator("#header")).to_contain_text("from 6 supplied sources, and only from them")
    assert reader.examples.filter(visible=True).all_inner_texts() == [
        " ".join((brief.question or "").split()) for brief in briefs
    ]
    for title in {entry.title for brief in briefs for entry in brief.entries}:
        expect(reader.sources.get_by_role("heading", name=title, exact=True)).to_be_visible()


def test_on_a_phone_the_first_screen_names_the_sources_too(arrive, briefs: list[Brief]):
    reader = arrive(PHONE)
    for title in {entry.title for brief in briefs for entry in brief.entries}:
        expect(reader.page.locator("#names").get_by_text(title)).to_be_visible()
    assert not reader.scrolls_sideways()


def test_a_supplied_question_is_answered_in_three_parts(reader: Reader, answer: Locator):
    assert answer.get_by_role("heading", level=3).all_inner_texts() == ["1. Task", "2. Workflow", "3. Papers and tools"]
    expect(reader.page.locator("#first")).to_be_hidden()


def test_the_workflow_is_a_diagram_of_input_model_and_output(answer: Locator):
    steps = answer.locator(".flow li")
    assert [step.split("\n")[0] for step in steps.all_inner_texts()] == ["Input", "Model", "Output"]
    expect(steps.nth(1)).to_contain_text("MSSNet")


def test_links_are_supplied_ones_and_open_in_a_new_tab(reader: Reader, answer: Locator, briefs: list[Brief]):
    links = reader.page.locator("#workspace a[href^='http']").all()
    assert {link.get_attribute("href") for link in links} <= links_of(briefs)
    assert all(link.get_attribute("target") == "_blank" for link in links)
    assert all("noopener" in (link.get_attribute("rel") or "") for link in links)
    expect(answer.locator("a[href='https://github.com/kky7/MSSNet']").first).to_be_visible()


def test_every_marker_opens_its_quote_which_stands_verbatim_in_a_source(
    reader: Reader, answer: Locator, briefs: list[Brief]
):
    supplied = texts_of(briefs)
    for marker in answer.locator("a.marker").all():
        marker.click()
        expect(reader.shown_quote.first).to_be_in_viewport()
        quote = " ".join("".join(reader.shown_quote.all_inner_texts()).split())
        assert quote and quote in supplied
        assert reader.focused().startswith("MARK")


def test_escape_and_the_button_lead_back_to_the_marker(reader: Reader, answer: Locator):
    marker = answer.locator("a.marker").nth(1)
    marker.click()
    reader.page.keyboard.press("Escape")
    expect(marker).to_be_focused()
    marker.click()
    reader.sources.get_by_role("button", name="Back to the answer").filter(visible=True).first.click()
    expect(marker).to_be_focused()


def test_the_panel_shows_cited_sources_first_and_lists_none_twice(reader: Reader, answer: Locator):
    cited = reader.sources.locator("#cited .card:visible h4").all_inner_texts()
    held = reader.sources.locator("#held .card:visible h4").all_inner_texts()
    assert cited and cited[0].startswith("Deblur-MSSNet")
    assert len(cited) + len(held) == 6
    assert not set(cited) & set(held)
    card = reader.sources.locator("#cited .card").first
    expect(card).to_contain_text("model")
    expect(card).to_contain_text("000_175a279dbfc0e4e7.txt")


def test_by_keyboard_alone_from_an_example_to_a_quote_and_back(reader: Reader):
    reader.tab_to("#first .example")
    reader.page.keyboard.press("Enter")
    reader.wait_for_answer()
    reader.tab_to("#conversation a.marker")
    reader.page.keyboard.press("Enter")
    expect(reader.shown_quote.first).to_be_in_viewport()
    reader.page.keyboard.press("Escape")
    assert reader.focused() == "A.marker"


def test_on_a_phone_a_marker_opens_a_sheet_with_the_quote(arrive):
    reader = arrive(PHONE, touch=True)
    reader.examples.first.tap()
    answer = reader.wait_for_answer()
    expect(reader.sources).to_be_hidden()
    answer.locator("a.marker").first.tap()
    expect(reader.shown_quote.first).to_be_in_viewport()
    assert not reader.scrolls_sideways()
    reader.sources.get_by_role("button", name="Close").tap()
    expect(reader.sources).to_be_hidden()
    answer.get_by_role("link", name="sources cited").tap()
    expect(reader.sources.locator("#cited .card").first).to_be_visible()


def test_the_answer_says_the_same_as_its_schema_allows(reader: Reader, answer: Locator):
    schema = json.loads((Path(__file__).parents[2] / "docs" / "answer.schema.json").read_text())
    kind = (answer.get_attribute("class") or "").split()[-1]
    assert kind in schema["properties"]["mode"]["enum"]
