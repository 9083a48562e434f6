"""The two questions beside a refusal: always about sources that are held, and never refused themselves."""

import json

import pytest

from bot.answer import Answer
from bot.offers import offered_questions, questions_from
from bot.service import Bot, Request
from store.model import Kind, Source
from store.store import Store
from store.text import render_text

OUTSIDE = [
    "What is the capital of France?",
    "How do I bake bread?",
    "Does DnCNN remove JPEG artefacts?",
    "How does lidar denoising work in XQNet?",
    "Which GPU should I buy?",
]


@pytest.mark.parametrize("question", OUTSIDE)
def test_both_questions_are_answered_in_the_same_conversation(bot: Bot, question: str):
    thread = f"offers-{question}"
    refused = bot.ask(Request(question, thread=thread))
    assert refused.refused
    offered = offered_questions(refused, bot.exchanges(thread)[-1].sources)
    assert len(set(offered)) == 2
    for one in offered:
        answer = bot.ask(Request(one, thread=thread))
        assert answer.mode in ("source", "compare"), one
        assert answer.citations


def test_a_question_held_to_a_brief_is_offered_its_sources_alone(bot: Bot, store: Store):
    brief = "004_3a10c79aa0658d16.txt"
    refused = bot.ask(Request("What is the capital of France?", brief=brief))
    offered = questions_from(store, refused)
    assert len(offered) == 2
    for one in offered:
        assert not bot.ask(Request(one, brief=brief)).refused, one


def test_nothing_is_offered_beside_an_answer_or_without_sources(bot: Bot, store: Store):
    answered = bot.ask(Request("tell me about CausalSR"))
    assert questions_from(store, answered) == ()
    assert offered_questions(_refusal(answered), {}) == ()


def test_names_that_mean_two_sources_or_something_else_are_not_offered(bot: Bot):
    answer = _refusal(bot.ask(Request("What is the capital of France?")))
    twins = [_source(f"{n}", "DeRainer: Rain Removal", "We propose DeRainer.") for n in range(2)]
    wordy = _source("w", "On the many " + "and various " * 12 + "ways to see", "We look.")
    assert all("DeRainer and DeRainer" not in one for one in offered_questions(answer, {s.source_id: s for s in twins}))
    assert offered_questions(answer, {"w": wordy}) == ()


def _refusal(answer: Answer) -> Answer:
    return Answer.model_validate({**json.loads(answer.model_dump_json()), "mode": "refusal", "refused": True})


def _source(source_id: str, title: str, summary: str) -> Source:
    return Source(source_id, title, Kind.PAPER, None, None, ("a",), render_text(title, None, None, summary))
