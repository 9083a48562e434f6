"""Somebody asks what the sources don't hold, and is helped on: what is missing, what is held, and two questions that work."""

import pytest
from playwright.sync_api import expect
from reader import Reader


@pytest.mark.parametrize("question", ["What is the capital of France?", "How does ZorbNet remove haze?"])
def test_a_refusal_offers_two_questions_and_neither_is_refused(reader: Reader, question: str):
    refusal = reader.ask(question)
    expect(refusal).to_contain_text("the sources I was given", ignore_case=True)
    expect(refusal).to_contain_text("They cover")
    offered = refusal.locator("button.offer")
    assert offered.count() == 2
    words = offered.all_inner_texts()
    for number, asked in enumerate(words, start=2):
        offered.nth(number - 2).click()
        answer = reader.wait_for_answer(number)
        expect(answer).not_to_have_class("said answer refusal")
        assert reader.page.locator("#conversation .question").nth(number - 1).inner_text() == asked
        expect(answer.locator("a.marker").first).to_be_visible()


def test_the_offer_is_still_there_after_a_reload_and_is_taken_by_keyboard(reader: Reader):
    words = reader.ask("Who won the world cup?").locator("button.offer").all_inner_texts()
    reader.reload()
    again = reader.wait_for_answer(1)
    assert again.locator("button.offer").all_inner_texts() == words
    reader.tab_to("#conversation button.offer")
    reader.page.keyboard.press("Enter")
    expect(reader.wait_for_answer(2).locator("a.marker").first).to_be_visible()
