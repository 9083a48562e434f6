"""A conversation is held to one brief or some sources, and nothing outside of them appears."""

import json
from pathlib import Path

import pytest

from bot.answer import Answer
from bot.errors import UserError
from bot.held_to import HeldTo, chosen, of_sources
from bot.service import Bot, Request
from bot.settings import Settings
from store.embedding import SentenceTransformerEmbedder
from store.model import Brief, Entry, Kind
from store.store import Store

OUTSIDE = ("CausalSR", "counterfactual", "2501.15852", "CasualSR", "Hallucination")


@pytest.fixture
def fresh(store: Store, tmp_path: Path) -> Bot:
    return Bot(store, Settings(home=tmp_path))


def ids(store: Store, *titles: str) -> list[str]:
    return [one.source_id for one in store.sources() if one.title.startswith(titles)]


@pytest.fixture
def second_brief(store: Store) -> HeldTo:
    """FeatSharp, MSSNet and geometry data; CausalSR is outside of it."""
    return chosen(store, store.briefs()[1].name)


def shown(answer: Answer) -> str:
    """Everything of an answer but the question and who asked."""
    return json.dumps(answer.model_dump(mode="json", exclude={"question", "tool_calls"}))


def test_nothing_outside_of_a_brief_appears(fresh: Bot, store: Store, second_brief: HeldTo) -> None:
    inside = {one.source_id for one in store.sources(second_brief.scope)}
    fresh.hold("a", second_brief)
    questions = (
        "how are blurry details restored?",
        "what can you do?",
        "compare FeatSharp and MSSNet",
        "and its code?",
    )
    for question in (*questions, "tell me about causal super-resolution", "best pizza in Rome?"):
        answer = fresh.ask(Request(question, thread="a"))
        told = shown(answer)
        assert not [word for word in OUTSIDE if word in told], question
        assert {one.source_id for one in (*answer.citations, *answer.references)} <= inside


def test_sources_go_by_their_ids_titles_and_the_names_before_the_colon(store: Store) -> None:
    (featsharp,) = [one for one in store.sources() if one.title.startswith("FeatSharp")]
    for name in (featsharp.source_id, featsharp.title, "featsharp", " FeatSharp "):
        assert of_sources(store, [name]) == HeldTo(sources={featsharp.source_id: featsharp.title})
    assert of_sources(store, [" "]) is None
    models = of_sources(store, ["mssnet"])
    assert models is not None and set(models.sources.values()) == {"Deblur-MSSNet-RealBlurJ", "Deblur-MSSNet-RealBlurR"}
    with pytest.raises(UserError, match="there is no source 'FeatSharp and more' in the store"):
        of_sources(store, ["FeatSharp and more"])
    with pytest.raises(UserError, match=f"there is no source 'CausalSR' in the brief {featsharp.briefs[-1]}"):
        of_sources(store, ["CausalSR"], featsharp.briefs[-1])


def test_a_refusal_says_that_the_conversation_is_held(fresh: Bot, second_brief: HeldTo) -> None:
    fresh.hold("a", second_brief)
    answer = fresh.ask(Request("Tell me about CausalSR", thread="a"))
    assert answer.refused
    assert "this conversation is held to" in answer.answer
    assert "super-resolution" not in answer.answer.partition("They cover")[2]


def test_the_help_lists_the_chosen_sources_alone(fresh: Bot, store: Store) -> None:
    fresh.hold("a", chosen(store, source_ids=ids(store, "FeatSharp")))
    answer = fresh.ask(Request("which sources do you have?", thread="a"))
    assert "Sources that this conversation is held to" in answer.answer
    assert {one.source_id for one in answer.citations} == set(ids(store, "FeatSharp"))


def test_a_follow_up_does_not_reach_back_to_what_is_now_outside(fresh: Bot, store: Store) -> None:
    fresh.ask(Request("Tell me about CausalSR", thread="a"))
    fresh.hold("a", chosen(store, source_ids=ids(store, "FeatSharp")))
    for question in ("does it have code?", "how does it work?", "and FeatSharp?", "compare it with FeatSharp"):
        answer = fresh.ask(Request(question, thread="a"))
        assert not [word for word in OUTSIDE if word in shown(answer)], question
        queries = [str(call.args.get("query")) for call in answer.tool_calls]
        assert not [query for query in queries if "CausalSR" in query]
    fresh.hold("a", HeldTo())
    assert "https://github.com/Mnster00/CasualSR" in fresh.ask(Request("CausalSR: is there code?", thread="a")).answer


def test_a_follow_up_within_it_is_understood(fresh: Bot, second_brief: HeldTo) -> None:
    fresh.hold("a", second_brief)
    fresh.ask(Request("Tell me about FeatSharp", thread="a"))
    assert fresh.ask(Request("Where is its paper?", thread="a")).answer.count("2502.16025") == 1


def test_another_brief_s_own_question_does_not_lead_out(fresh: Bot, store: Store, second_brief: HeldTo) -> None:
    question = store.briefs()[0].question
    assert question
    fresh.hold("a", second_brief)
    assert not [word for word in OUTSIDE if word in shown(fresh.ask(Request(question, thread="a")))]
    fresh.hold("a", chosen(store, source_ids=ids(store, "FeatSharp")))
    answer = fresh.ask(Request(question, thread="a"))
    assert {one.source_id for one in answer.references} == set(ids(store, "FeatSharp"))


def test_what_it_is_held_to_survives_the_process_and_goes_with_the_conversation(
    store: Store, tmp_path: Path, second_brief: HeldTo
) -> None:
    settings = Settings(home=tmp_path)
    Bot(store, settings).hold("a", second_brief)
    later = Bot(store, settings)
    assert later.held_to("a") == second_brief
    assert later.held_to("b") == HeldTo()
    later.forget("a")
    assert later.held_to("a") == HeldTo()


def test_one_question_may_be_held_without_its_conversation(fresh: Bot, store: Store) -> None:
    held = chosen(store, source_ids=ids(store, "FeatSharp"))
    answer = fresh.ask(Request("how are details restored?", thread="a", held_to=held))
    assert {one.source_id for one in answer.citations} <= set(ids(store, "FeatSharp"))
    assert fresh.held_to("a") == HeldTo()


def test_sources_that_are_gone_are_named(embedder: SentenceTransformerEmbedder, tmp_path: Path) -> None:
    store = Store.in_memory(embedder)
    rain = Entry(
        Kind.PAPER, "DeRainer: Rain Removal", "https://arxiv.org/abs/2001.00001", None, "DeRainer removes rain."
    )
    snow = Entry(
        Kind.PAPER, "DeSnower: Snow Removal", "https://arxiv.org/abs/2001.00002", None, "DeSnower removes snow."
    )
    store.put(Brief("rain", None, (rain,)))
    store.put(Brief("snow", None, (snow,)))
    bot = Bot(store, Settings(home=tmp_path))
    both = chosen(store, source_ids=["arxiv:2001.00001", "arxiv:2001.00002"])
    bot.hold("both", both)
    bot.hold("brief", chosen(store, "rain"))
    store.prune(["rain"])
    assert both.missing_line(store) == "No longer held, and left out: DeRainer: Rain Removal."
    assert not bot.ask(Request("How does DeSnower remove snow?", thread="both")).refused
    with pytest.raises(UserError, match="held to the brief rain, and the store no longer holds that: choose"):
        bot.ask(Request("How does DeRainer remove rain?", thread="brief"))
    store.prune(["snow"])
    with pytest.raises(UserError, match="DeRainer: Rain Removal, DeSnower: Snow Removal, and the store no longer"):
        bot.ask(Request("How does DeSnower remove snow?", thread="both"))
    store.close()


def test_what_is_not_held_cannot_be_chosen(store: Store) -> None:
    with pytest.raises(UserError, match="there is no brief 'holiday'"):
        chosen(store, "holiday")
    with pytest.raises(UserError, match="no longer held: reload"):
        chosen(store, source_ids=["arxiv:9999.99999"])


PASTED = """Model: DeRainer: Rain Removal
Paper: https://arxiv.org/abs/2001.00001
Summary: We propose DeRainer, a network that removes rain streaks from photos.
"""


def test_a_pasted_brief_is_what_a_conversation_is_held_to_until_another_choice(fresh: Bot, store: Store) -> None:
    fresh.hold("a", chosen(store, source_ids=ids(store, "FeatSharp")))
    fresh.ask(Request(PASTED, thread="a"))
    assert fresh.held_to("a") == HeldTo(pasted=PASTED)
    assert "rain streaks" in fresh.ask(Request("Tell me about DeRainer", thread="a")).answer
    fresh.hold("a", chosen(store, source_ids=ids(store, "FeatSharp")))
    answer = fresh.ask(Request("Tell me about DeRainer", thread="a"))
    assert answer.refused and "rain streaks" not in shown(answer)
    fresh.hold("a", HeldTo())
    assert not fresh.ask(Request("Tell me about CausalSR", thread="a")).refused
