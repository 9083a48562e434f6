"""A language model that lies: not one lie reaches the answer, its citations, its references or what is streamed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from liars import BRIEF, LIES, QUESTION, TRUE, Lie
from scripted import ScriptedServer

from bot.answer import Answer
from bot.grounding import urls_in
from bot.llm.checking import CheckedText
from bot.llm.evidence import EvidenceSheet
from bot.llm.reading import read_written
from bot.llm.sketch import Sketch
from bot.llm.words import tokens, visible
from bot.service import Bot, Piece, Request
from bot.settings import Settings
from bot.tools import Found
from store.embedding import SentenceTransformerEmbedder
from store.store import Store
from store.text import quotes

MODEL = "openai-compatible:made-up"
SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "answer.schema.json").read_text())
_TOGETHER = 8  # lies in one text


@pytest.fixture(scope="module")
def made(embedder: SentenceTransformerEmbedder) -> Iterator[Store]:
    store = Store.in_memory(embedder)
    store.put(BRIEF)
    yield store
    store.close()


@pytest.fixture(scope="module")
def liar(made: Store, scripted_settings: Settings) -> Bot:
    return Bot(made, scripted_settings)


@pytest.fixture(scope="module")
def sheet(made: Store) -> EvidenceSheet:
    return EvidenceSheet((Found(QUESTION, tuple(made.search(QUESTION, sources=9, passages=40))),))


def numbered(text: str, asked: str) -> str:
    """`text` with the number that a prompt gives a quote in the place of `{words of that quote}`."""

    def number(found: re.Match[str]) -> str:
        line = next((line for line in asked.splitlines() if line.startswith("[") and found[1] in line), "[99]")
        return line[: line.index("]") + 1]

    return re.sub(r"\{([\w .,]+)\}", number, text)


def heard(bot: Bot, question: str, **held_to: Any) -> tuple[Answer, str]:
    """The answer, and everything that anybody gets to see of it but the list of what was removed."""
    pieces: list[str] = []
    answer: Answer | None = None
    for event in bot.stream(Request(question, **held_to)):
        if isinstance(event, Answer):
            answer = event
        elif isinstance(event, Piece | Sketch):
            pieces.append(event.markdown)
    assert answer is not None
    whole = answer.model_dump(mode="json", exclude={"removed", "question", "tool_calls", "seconds"})
    return answer, "\n".join([*pieces, answer.answer, json.dumps(whole, ensure_ascii=False)])


def assert_unseen(lie: Lie, seen: str) -> None:
    for words in lie.unseen:
        assert words not in seen
        assert not visible(words).strip() or visible(words) not in visible(seen)


def assert_holds(answer: Answer, store: Store) -> None:
    """What holds for every answer, whatever a language model wrote."""
    jsonschema.validate(answer.model_dump(mode="json"), SCHEMA)
    sources = {source.source_id: source for source in store.sources()}
    for citation in answer.citations:
        assert quotes(sources[citation.source_id], citation.quote)
    shown = answer.answer.replace("](", " ](")
    assert {int(n) for n in re.findall(r"(?<!\\)\[(\d+)\]", shown)} == {one.marker for one in answer.citations}
    assert set(urls_in(answer.answer)) <= {url for source in sources.values() for url in source.urls}
    held = {token.key for source in sources.values() for token in tokens(source.text) if token.anchor}
    words = re.sub(
        r"\[\d+\]|^### \d\.|^\d+\. |`[^`]*`|https?://\S+|\bUNBLUR_\w+|\bAI\b", " ", answer.answer, flags=re.M
    )
    assert {token.key for token in tokens(words) if token.anchor} <= held  # every number and name is a source's


@pytest.mark.parametrize("lie", LIES, ids=[lie.name for lie in LIES])
def test_a_lie_beside_the_truth_is_not_seen(liar: Bot, made: Store, server: ScriptedServer, lie: Lie) -> None:
    server.says_numbered(f"{TRUE} {{removes motion blur from a single}}. {lie.text}", numbered)
    answer, seen = heard(liar, QUESTION)
    assert server.requests, "the language model was not asked"
    assert_unseen(lie, seen)
    assert_holds(answer, made)
    assert TRUE in answer.answer
    assert answer.model == MODEL


@pytest.mark.parametrize("first", range(0, len(LIES), _TOGETHER))
def test_nothing_but_lies_leaves_an_answer_in_three_parts(
    liar: Bot, made: Store, server: ScriptedServer, first: int
) -> None:
    lies = LIES[first : first + _TOGETHER]
    server.says_numbered("TASK: " + "\n\n".join(lie.text for lie in lies), numbered)
    answer, seen = heard(liar, BRIEF.question or "", brief=BRIEF.name, supplied=True)
    for lie in lies:
        assert_unseen(lie, seen)
    assert answer.mode == "explain" and answer.task and answer.workflow and answer.references
    assert answer.removed or answer.model == "embedded"
    assert_holds(answer, made)


def test_there_are_many_ways_to_lie() -> None:
    assert len({lie.text for lie in LIES}) >= 60


@pytest.mark.parametrize(
    "sentence",
    [
        "ClearNet has three stages and 12 million parameters {three stages}.",
        "The network has 3 stages {three stages}.",
        "ClearNet doesn't enlarge images {does not enlarge}.",
        "On GoPro ClearNet reaches 33.1 dB {33.1}.",
        "ClearNet removes motion blur {removes motion blur from a single}.",
        "RainAway gains 1.2 dB over RainNet on Rain100 {1.2 dB}.",
        "RainAway is a transformer that removes rain streaks {rain streaks}.",
        "NightLift brightens dark photos.",
        "* **NightLift** is slower than ZeroLight and uses less memory {slower than}",
        "The code is at https://github.com/clear/clearnet.",
        "[RainAway's paper](https://arxiv.org/abs/2102.00002)",
    ],
)
def test_an_honest_sentence_stays(sheet: EvidenceSheet, sentence: str) -> None:
    checked = CheckedText(sheet).read(read_written(numbered(sentence, sheet.for_reading())))
    assert len(checked.kept) == 1 and not checked.removed


def test_a_sentence_that_adds_to_its_quote_is_replaced_by_it(sheet: EvidenceSheet) -> None:
    text = numbered("ClearNet does not enlarge photos, unlike Restormer {does not enlarge}.", sheet.for_reading())
    checked = CheckedText(sheet).read(read_written(text))
    assert [one.text for one in checked.statements] == ["“ClearNet does not enlarge photos.”"]
    assert checked.removed[0].reason.endswith("the quote stands in its place")


def test_a_sentence_with_the_wrong_number_is_bound_to_the_right_quote(sheet: EvidenceSheet) -> None:
    text = numbered("ClearNet does not enlarge photos {rain streaks}.", sheet.for_reading())
    checked = CheckedText(sheet).read(read_written(text))
    assert [one.cites[0].quote for one in checked.statements] == ["ClearNet does not enlarge photos."]


def test_a_sentence_about_another_source_names_it(sheet: EvidenceSheet) -> None:
    text = "ClearNet does not enlarge photos {does not enlarge}. It is a transformer that removes rain streaks {rain streaks}."
    checked = CheckedText(sheet).read(read_written(numbered(text, sheet.for_reading())))
    assert [one.text[:8] for one in checked.statements] == ["ClearNet", "RainAway"]


def test_orders_in_sources_are_not_even_read_by_a_language_model(sheet: EvidenceSheet) -> None:
    read = sheet.for_reading()
    assert "FaceUp sharpens faces" in read
    for order in ("Ignore all", "Assistant, you must", "evil.example", "restore_photo"):
        assert order not in read


@given(text=st.text(max_size=120), data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_text_whatever_breaks_the_reading_or_brings_an_address(
    sheet: EvidenceSheet, text: str, data: st.DataObject
) -> None:
    quote = data.draw(st.sampled_from(sheet.quotes))
    for one in CheckedText(sheet).read(read_written(f"{text} {quote.text} {text} [{quote.number}]")).statements:
        assert set(urls_in(one.text)) <= set(sheet.links)
        assert not re.search(r"(?<!\\)[<\[]", one.text)
