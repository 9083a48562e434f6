"""The evaluation briefs and questions of `tests/eval`, for the benchmarks."""

from dataclasses import replace
from pathlib import Path

from bot.evaluation.questions import Item, fold, read_items
from bot.opening import put_bundled
from ingest.brief_text import parse_brief
from ingest.json_lines import parse_json_lines
from store.embedding import Embedder
from store.model import Brief
from store.store import Store

FOLDER = Path(__file__).parents[1] / "tests" / "eval"
ANSWERED = ("everyday", "comparison", "number", "link")  # kinds of questions that have gold sources and stand alone


def evaluation_store(embedder: Embedder, distractors: Path | None = None) -> Store:
    """A store of the bundled briefs, the evaluation briefs and, where given, a file of further sources."""
    store = Store.in_memory(embedder)
    with store.writing():
        put_bundled(store)
        for path in sorted((FOLDER / "briefs").glob("*.txt")):
            store.put(parse_brief(path.read_text(encoding="utf-8"), path.name))
        if distractors is not None:
            for brief in parse_json_lines(distractors.read_text(encoding="utf-8"), distractors.name).briefs:
                store.put(_without_known(brief, store))
    return store


def _without_known(brief: Brief, store: Store) -> Brief:
    """A brief without the sources that are in the store, whose titles the questions' gold names."""
    known = {fold(source.title) for source in store.sources()}
    return replace(brief, entries=tuple(entry for entry in brief.entries if fold(entry.title) not in known))


def questions(split: str) -> list[Item]:
    """The evaluation questions of a split."""
    return [item for item in read_items(FOLDER / "questions.jsonl")[0] if item.split == split]
