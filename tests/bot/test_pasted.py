"""A whole brief pasted into the chat is answered from its own sources, and so are the questions after it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from bot.answer import Answer
from bot.errors import UserError
from bot.export import as_json, markdown
from bot.page.chat import Chat
from bot.pasted import NAME, NO_QUESTION, PastedStores, pasted_in, read_pasted
from bot.service import Bot, Request
from bot.settings import Settings
from ingest.pipeline import bundled_briefs
from store.embedding import SentenceTransformerEmbedder
from store.store import Store

SOURCES = """
### Recommended AI Models:
Model: FoamNet-S
Paper: https://arxiv.org/abs/2001.00011
GitHub: https://github.com/example/foamnet

### Related Papers:
Model: FoamNet: Seeing Through Sea Foam
Paper: https://arxiv.org/abs/2001.00011
GitHub: https://github.com/example/foamnet
Summary: Foam hides what lies behind it. FoamNet removes sea foam from pictures with a network of two stages. It gains
1.7 dB on the Spray400 set.

Model: Waterline: A Horizon for Drowned Cameras
Paper: https://arxiv.org/abs/2001.00012
Summary: Waterline finds the horizon in pictures that a wave half covers. It needs no code at hand.
"""
BRIEF = f"""You are an AI scientist.

A user has asked the following question:
"My surfing pictures are full of foam. How does one get rid of it, and what does it gain?"

Based on the following recommended models, explain the task, the workflow and the papers.
{SOURCES}"""


@pytest.fixture
def fresh(store: Store, tmp_path: Path) -> Bot:
    return Bot(store, Settings(home=tmp_path))


def held(answer: Answer) -> set[str]:
    return {reference.source_id for reference in answer.references} | {cite.source_id for cite in answer.citations}


def test_it_is_answered_in_three_parts_from_its_own_sources_alone(fresh: Bot) -> None:
    answer = fresh.ask(Request(BRIEF))
    assert answer.mode == "explain" and answer.brief == NAME
    assert answer.question == "My surfing pictures are full of foam. How does one get rid of it, and what does it gain?"
    assert {reference.title for reference in answer.references} == {
        "FoamNet-S", "FoamNet: Seeing Through Sea Foam", "Waterline: A Horizon for Drowned Cameras"
    }  # fmt: skip
    assert "“FoamNet removes sea foam from pictures with a network of two stages.”" in answer.answer
    own = {source.source_id for source in fresh.store.sources()}
    assert not held(answer) & own


def test_nothing_of_it_enters_the_store(fresh: Bot) -> None:
    before = fresh.store.sources()
    fresh.ask(Request(BRIEF, thread="a"))
    assert fresh.store.sources() == before and all(record.name != NAME for record in fresh.store.briefs())


def test_follow_ups_go_on_with_its_sources_also_after_a_restart(fresh: Bot, store: Store, tmp_path: Path) -> None:
    fresh.ask(Request(BRIEF, thread="a"))
    answer = fresh.ask(Request("Does the second one have code?", thread="a"))
    assert answer.mode == "lookup" and "https://github.com/example/foamnet" in answer.answer
    later = Bot(store, Settings(home=tmp_path))
    answer = later.ask(Request("Tell me about Waterline", thread="a"))
    assert answer.mode == "source" and "“Waterline finds the horizon" in answer.answer
    assert later.ask(Request("Tell me about CausalSR", thread="a")).refused


def test_the_next_brief_takes_the_place_of_the_one_before(fresh: Bot) -> None:
    fresh.ask(Request(BRIEF, thread="a"))
    other = BRIEF.replace("FoamNet", "SandNet").replace("2001.00011", "2001.00021").replace("foam", "sand")
    fresh.ask(Request(other, thread="a"))
    answer = fresh.ask(Request("Tell me about SandNet-S", thread="a"))
    assert "SandNet-S" in answer.answer and "FoamNet" not in answer.answer


def test_a_stored_brief_that_is_pasted_changes_nothing_in_the_answer(fresh: Bot) -> None:
    from importlib import resources

    brief = bundled_briefs()[0]
    text = next(
        file.read_text(encoding="utf-8")
        for file in (resources.files("ingest") / "briefs").iterdir()
        if file.name == brief.name
    )
    pasted, asked = fresh.ask(Request(text)), fresh.ask(Request(brief.question or ""))
    assert pasted.answer == asked.answer and pasted.citations == asked.citations


def test_without_a_question_it_tells_which_sources_it_brings(fresh: Bot) -> None:
    answer = fresh.ask(Request(SOURCES))
    assert answer.question == NO_QUESTION and answer.mode == "help"
    assert "Waterline" in answer.answer and "CausalSR" not in answer.answer


def test_a_question_of_the_user_s_own_above_it_may_be_refused(fresh: Bot) -> None:
    answer = fresh.ask(Request(f"Does FoamNet have code?\n{SOURCES}"))
    assert answer.mode == "lookup" and "https://github.com/example/foamnet" in answer.answer
    assert fresh.ask(Request(f"What is the capital of France?\n{SOURCES}")).refused


def test_it_may_be_longer_than_a_question(fresh: Bot) -> None:
    padding = "This sentence says nothing of the sea. " * 2_000
    answer = fresh.ask(Request(BRIEF.replace("Foam hides", f"{padding}Foam hides")))
    assert "FoamNet removes sea foam" in answer.answer


@pytest.mark.parametrize(
    "text",
    [
        "How does MSSNet work?",
        "I have two questions.\nModel: which one is best?\nAnd why?",
        "Paper: or plastic?\nWhich should I use?",
        "",
    ],
)
def test_an_ordinary_question_is_none(text: str) -> None:
    assert read_pasted(text) is None


def test_a_line_that_cannot_be_read_is_pointed_at(fresh: Bot) -> None:
    broken = BRIEF.replace("Paper: https://arxiv.org/abs/2001.00012", "Paper: somewhere on my desk")
    with pytest.raises(UserError, match=r"pasted brief.*line 21.*somewhere on my desk"):
        fresh.ask(Request(broken))


def test_more_sources_than_a_chat_waits_for_are_refused() -> None:
    many = "\n\n".join(f"Model: Net{number}\nSummary: Removes foam number {number}." for number in range(201))
    with pytest.raises(UserError, match="201 sources, and at most 200"):
        read_pasted(f"## Related Papers\n{many}")


def test_the_conversation_keeps_the_brief_and_shows_its_question(fresh: Bot) -> None:
    fresh.ask(Request(BRIEF, thread="a"))
    exchange = fresh.exchanges("a")[0]
    assert exchange.pasted == BRIEF and pasted_in(fresh.history("a")) == BRIEF
    assert fresh.conversations.listed()[0].title.startswith("My surfing pictures")
    assert BRIEF.strip() in markdown("t", fresh.exchanges("a"))
    assert '"pasted_brief": "You are' in as_json("t", "a", fresh.exchanges("a"))


def test_the_page_shows_the_question_with_the_brief_folded(fresh: Bot) -> None:
    ready: Future[None] = Future()
    ready.set_result(None)
    chat = Chat(fresh, ready)
    thread = chat.new().thread
    views = list(chat.ask(BRIEF, thread))
    assert views[0].messages[0] == views[-1].messages[0]
    shown = views[-1].messages[0]["content"]
    assert "My surfing pictures" in shown.split("<details")[0] and "Pasted brief, 3 sources" in shown
    assert chat.stopped(thread, BRIEF).messages == views[-1].messages


def test_stores_are_kept_for_the_next_question_and_closed_when_many_follow(
    embedder: SentenceTransformerEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Store] = []
    close: Callable[[Store], None] = Store.close
    monkeypatch.setattr(Store, "close", lambda store: (closed.append(store), close(store)))
    stores = PastedStores(Settings(home=tmp_path), embedder)
    briefs = [read_pasted(BRIEF.replace("Spray400", f"Spray{number}")) for number in range(6)]
    with stores.store(briefs[0]) as first:  # type: ignore[arg-type]
        for brief in briefs[1:]:
            with stores.store(brief) as store:  # type: ignore[arg-type]
                last = store
        assert len(closed) == 2 and first not in closed and len(first.sources()) == 3
    with stores.store(briefs[-1]) as store:  # type: ignore[arg-type]
        assert store is last


def test_two_at_once_read_a_brief_once(embedder: SentenceTransformerEmbedder, tmp_path: Path) -> None:
    stores = PastedStores(Settings(home=tmp_path), embedder)
    brief = read_pasted(BRIEF)
    assert brief is not None
    seen: list[Store] = []

    def use() -> None:
        with stores.store(brief) as store:
            seen.append(store)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4 and len({id(store) for store in seen}) == 1
