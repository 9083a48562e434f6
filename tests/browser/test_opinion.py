"""Somebody copies an answer, likes or dislikes it, asks it again, and asks it better."""

import pytest
from playwright.sync_api import expect
from reader import Reader


@pytest.fixture
def answered(reader: Reader) -> Reader:
    reader.ask("tell me about CausalSR")
    return reader


def act(reader: Reader, name: str):
    return reader.answers.last.get_by_role("button", name=name, exact=True)


def test_an_answer_is_copied_as_plain_words(answered: Reader):
    answered.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    act(answered, "Copy").click()
    expect(answered.answers.last.get_by_role("button", name="Copied")).to_be_visible()
    copied = answered.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("CausalSR: Structural Causal Model-Driven Super-Resolution")
    assert "Helpful" not in copied


def test_an_opinion_is_kept_with_its_remark_and_shown_again(answered: Reader):
    act(answered, "Not helpful").click()
    words = answered.page.get_by_label("What was wrong?")
    expect(words).to_be_focused()
    words.fill("it misses the numbers")
    assert answered.barriers() == []
    with answered.page.expect_request("**/opinion") as sent:
        answered.page.get_by_role("button", name="Send").click()
    assert sent.value.post_data_json == {"answer": 1, "liked": False, "remark": "it misses the numbers"}
    expect(act(answered, "Not helpful")).to_have_class("act given")
    expect(act(answered, "Not helpful")).to_be_focused()
    expect(words).to_have_count(0)
    expect(answered.page.locator("#spoken")).to_have_text("Thank you, this is kept.")
    answered.reload()
    answered.wait_for_answer(1)
    expect(act(answered, "Not helpful")).to_have_attribute("aria-pressed", "true")
    act(answered, "Helpful").click()
    expect(act(answered, "Helpful")).to_have_class("act given")
    expect(act(answered, "Not helpful")).to_have_attribute("aria-pressed", "false")


def test_a_remark_is_skipped_or_left_by_keyboard(answered: Reader):
    act(answered, "Not helpful").focus()
    answered.page.keyboard.press("Enter")
    expect(answered.page.get_by_label("What was wrong?")).to_be_focused()
    answered.page.keyboard.press("Escape")
    expect(act(answered, "Not helpful")).to_be_focused()
    expect(act(answered, "Not helpful")).to_have_class("act")
    answered.page.keyboard.press("Enter")
    for _ in range(2):
        answered.page.keyboard.press("Tab")
    expect(answered.page.get_by_role("button", name="Skip")).to_be_focused()
    answered.page.keyboard.press("Enter")
    expect(act(answered, "Not helpful")).to_have_class("act given")


def test_a_question_is_asked_again_and_edited(answered: Reader):
    act(answered, "Try again").click()
    again = answered.wait_for_answer(2)
    expect(again).to_contain_text("CausalSR")
    act(answered, "Edit question").click()
    expect(answered.box).to_have_value("tell me about CausalSR")
    expect(answered.box).to_be_focused()
