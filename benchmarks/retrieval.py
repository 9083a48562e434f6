"""How often the right source is found: `python -m benchmarks.retrieval [--split dev|test] [--distractors FILE.jsonl] [--show]`.

Recall of the gold sources among the first 1, 3 and 5 and the mean reciprocal rank of the best of them, for the evaluation
questions by kind, and an ablation on the everyday ones: chance, each signal alone, then one after the other. A follow-up is
searched for as the embedded model resolved it. `--distractors` adds the sources of a file that `unblur ingest` reads.
"""

import argparse
import statistics
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.eval_store import ANSWERED, evaluation_store, questions
from bot.evaluation.questions import Item
from bot.privacy import keep_everything_here
from bot.service import Bot, Request
from bot.settings import Settings
from store.embedding import SentenceTransformerEmbedder
from store.search import DEFAULT_WEIGHTS, Weights
from store.store import Store

_DEPTH = 50  # sources looked at
_CUTS = (1, 3, 5)

_NOTHING = Weights(0, 0, 0, 0, 0, 0, 0, 0, 0)
_DENSE = replace(_NOTHING, whole=DEFAULT_WEIGHTS.whole)
_SENTENCES = replace(_DENSE, sentence=DEFAULT_WEIGHTS.sentence, header=DEFAULT_WEIGHTS.header)
_WORDS = replace(_SENTENCES, words=DEFAULT_WEIGHTS.words)
_FIELD = replace(_WORDS, field=DEFAULT_WEIGHTS.field)
_CONCEPTS = replace(_FIELD, concepts=DEFAULT_WEIGHTS.concepts)
_PHRASES = replace(_CONCEPTS, phrases=DEFAULT_WEIGHTS.phrases)
_NAMED = replace(_PHRASES, named=DEFAULT_WEIGHTS.named)
ABLATION = (
    ("BM25 alone", replace(_NOTHING, words=1.0)),
    ("dense alone: one vector a source", _DENSE),
    ("+ vectors of sentences and title", _SENTENCES),
    ("+ BM25", _WORDS),
    ("+ the question in the field's words", _FIELD),
    ("+ the same concepts", _CONCEPTS),
    ("+ BM25 for the field's words of them", _PHRASES),
    ("+ named sources", _NAMED),
    ("+ ties of the same brief (in use)", replace(_NAMED, tie=DEFAULT_WEIGHTS.tie)),
)


@dataclass(frozen=True)
class Asked:
    """A search with the ids of the sources that it should find."""

    kind: str
    query: str
    gold: tuple[str, ...]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=["dev", "test"], default="dev")
    parser.add_argument("--distractors", type=Path, help="sources in JSON Lines that no question is about")
    parser.add_argument("--show", action="store_true", help="name every question whose source is not among the first 5")
    chosen = parser.parse_args()
    keep_everything_here()
    store = evaluation_store(SentenceTransformerEmbedder(), chosen.distractors)
    asked = _asked(store, questions(chosen.split))
    print(f"{store.count()} sources, split {chosen.split}")
    print(f"{'':<40} {'n':>4} " + " ".join(f"{f'recall@{cut}':>9}" for cut in _CUTS) + f" {'MRR':>6}")
    for kind in dict.fromkeys(one.kind for one in asked):
        own = [one for one in asked if one.kind == kind]
        places = [_places(store, one, DEFAULT_WEIGHTS) for one in own]
        print(_row(kind, places))
        for one, found in zip(own, places, strict=True):
            if chosen.show and max(found) > _CUTS[-1]:
                print(f"     {found} {one.query}")
    everyday = [one for one in asked if one.kind == "everyday"]
    print("everyday questions, signal by signal")
    chance = " ".join(f"{cut / store.count():>9.3f}" for cut in _CUTS)
    harmonic = sum(1 / place for place in range(1, store.count() + 1)) / store.count()
    print(f"{'chance':<40} {len(everyday):>4} {chance} {harmonic:>6.3f}")
    for name, weights in ABLATION:
        print(_row(name, [_places(store, one, weights) for one in everyday]))
    store.close()


def _asked(store: Store, items: Sequence[Item]) -> list[Asked]:
    """The questions with gold sources, follow-ups in full words."""
    ids = {source.title: source.source_id for source in store.sources()}
    bot = Bot(store, Settings(), keep_threads=False)
    asked = []
    for item in items:
        if item.kind in (*ANSWERED, "follow_up") and item.gold_titles and not item.brief:
            query = _resolved(bot, item) if item.history else item.question
            asked.append(Asked(item.kind, query, tuple(ids[title] for title in item.gold_titles)))
    return asked


def _resolved(bot: Bot, item: Item) -> str:
    """The first search of a follow-up's answer."""
    thread = uuid.uuid4().hex
    for question in item.history:
        bot.ask(Request(question, thread=thread))
    calls = bot.ask(Request(item.question, thread=thread)).tool_calls
    return str(calls[0].args["query"]) if calls else item.question


def _places(store: Store, one: Asked, weights: Weights) -> list[int]:
    """Where each gold source comes, from 1; beyond the depth when it was not found."""
    found = store.search(one.query, sources=_DEPTH, passages=1, weights=weights)
    order = list(dict.fromkeys(evidence.source.source_id for evidence in found))
    return [order.index(gold) + 1 if gold in order else 10 * _DEPTH for gold in one.gold]


def _row(name: str, places: Sequence[Sequence[int]]) -> str:
    recalls = [statistics.fmean(sum(place <= cut for place in found) / len(found) for found in places) for cut in _CUTS]
    reciprocal = statistics.fmean(1 / min(found) for found in places)
    return f"{name:<40} {len(places):>4} " + " ".join(f"{recall:>9.3f}" for recall in recalls) + f" {reciprocal:>6.3f}"


if __name__ == "__main__":
    main()
