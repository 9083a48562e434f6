"""What a turn costs as the store grows: `python -m benchmarks.scale [--sources 500,50000] [--corpus FILE.jsonl]`.

Each store holds the evaluation briefs with the real model's vectors; the rest is made up: sentences of those sources (or of
a file that `unblur ingest` reads) in new combinations, so that words are as frequent as in real summaries, with vectors near
those of real sentences. The stores are asked in turn, so that a busy machine slows all alike. Wanted: a turn over 50,000
sources takes at most twice as long as one over 500.
"""

import argparse
import contextlib
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.eval_store import FOLDER, questions
from bot.opening import put_bundled
from bot.privacy import keep_everything_here
from bot.service import Bot, Request
from bot.settings import Settings
from ingest.brief_text import parse_brief
from ingest.json_lines import parse_json_lines
from store import search
from store.embedding import SentenceTransformerEmbedder, Vectors
from store.index import ChromaIndex
from store.model import Brief, Entry, Kind
from store.store import Store
from store.table import Table

GOAL = 2.0
_IN_A_BRIEF = 10
_SENTENCES = 10  # of a made-up summary
_PASSAGES = 2  # into which they are joined, since vectors take the most time to put in
_NOISE = 0.04  # added to each number of a real vector of length 1
_QUESTIONS = 60

# What a turn does, by the function that does it. A turn's searches run side by side, so that the stages add up to more than it.
_STAGES: tuple[tuple[str, Any, str], ...] = (
    ("reading the question", SentenceTransformerEmbedder, "encode"),
    ("nearest vectors", ChromaIndex, "nearest"),
    ("words (BM25)", Table, "match_words"),
    ("texts of candidates", Table, "texts"),
    ("vectors of candidates", Table, "passages_of"),
    ("other reading", Table, "passages_by_id"),
    ("companions", Table, "companions"),
    ("scoring, with its reading", search, "_scored"),
    ("whole search", Store, "search"),
    ("is it a brief's question", Store, "brief_asking"),
)


class NearRealOnes:
    """The real model for questions and real sources; for made-up ones, which it is told of, vectors near real ones."""

    def __init__(self, real: SentenceTransformerEmbedder) -> None:
        self.real = real
        self.name, self.dimension = real.name, real.dimension
        self.known: Vectors = np.zeros((0, self.dimension), np.float32)
        self.filling = False
        self._places: dict[str, int] = {}  # of the texts of real sources in `known`
        self._chance = np.random.default_rng(0)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: float32 (texts, dimension), each row of length 1."""
        if not self.filling and len(texts) <= 2:
            return self.real.encode(texts)  # a question
        if not self.filling:
            new = [text for text in dict.fromkeys(texts) if text not in self._places]
            self._places.update({text: len(self.known) + number for number, text in enumerate(new)})
            self.known = np.concatenate([self.known, self.real.encode(new)])
            return self.known[[self._places[text] for text in texts]]
        near = self.known[self._chance.integers(0, len(self.known), len(texts))]
        near = near + _NOISE * self._chance.standard_normal(near.shape, dtype=np.float32)
        return (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)


def main() -> None:
    """Fill a store of each size, ask each the same questions in turn, and print what each stage took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", default="500,50000", help="sizes of the stores, the smallest first")
    parser.add_argument("--corpus", type=Path, help="sources in JSON Lines whose sentences are used, too")
    chosen = parser.parse_args()
    keep_everything_here()
    sizes = [int(size) for size in chosen.sources.split(",")]
    asked = [item.question for item in questions("dev") if not item.history and not item.brief][:_QUESTIONS]
    with contextlib.ExitStack() as open_things:
        bots = []
        embedder = NearRealOnes(SentenceTransformerEmbedder())
        for size in sizes:
            folder = Path(open_things.enter_context(tempfile.TemporaryDirectory()))
            began = time.perf_counter()
            store = _filled(folder, embedder, size, chosen.corpus)
            open_things.callback(store.close)
            print(f"{store.count():,} sources went in in {time.perf_counter() - began:.0f} s", flush=True)
            bots.append(Bot(store, Settings(home=folder), keep_threads=False))
        for bot in bots:
            for question in asked[:5]:
                bot.ask(Request(question))
        _table(sizes, _measured(bots, asked))


def _measured(bots: Sequence[Bot], asked: Sequence[str]) -> list[dict[str, list[float]]]:
    """For each bot the seconds of each stage, turn by turn."""
    found: list[dict[str, list[float]]] = [defaultdict(list) for _ in bots]
    for question in asked:
        for bot, own in zip(bots, found, strict=True):
            with _timed() as spent:
                began = time.perf_counter()
                bot.ask(Request(question))
                spent["whole turn"] = time.perf_counter() - began
            for stage in {name for name, _, _ in _STAGES} | set(spent):
                own[stage].append(spent[stage])
    return found


def _table(sizes: Sequence[int], found: Sequence[dict[str, list[float]]]) -> None:
    print(f"{'median ms of a turn':<28}" + "".join(f"{size:>10,}" for size in sizes) + f"{'ratio':>8}")
    for stage in sorted(found[0], key=lambda stage: -statistics.median(found[-1][stage])):
        medians = [1000 * statistics.median(own[stage]) for own in found]
        print(
            f"{stage:<28}" + "".join(f"{ms:>10.1f}" for ms in medians) + f"{medians[-1] / max(medians[0], 1e-3):>8.2f}"
        )
    whole = [statistics.median(own["whole turn"]) for own in found]
    print(
        f"a turn over {sizes[-1]:,} sources takes {whole[-1] / whole[0]:.2f} times one over {sizes[0]:,} (wanted {GOAL})"
    )


@contextlib.contextmanager
def _timed() -> Iterator[dict[str, float]]:
    """Seconds spent in each stage's function inside the block."""
    spent: dict[str, float] = defaultdict(float)
    originals = [(owner, name, getattr(owner, name)) for _, owner, name in _STAGES]

    def timing(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                spent[stage] += time.perf_counter() - began

        return timed

    for (stage, owner, name), (_, _, function) in zip(_STAGES, originals, strict=True):
        setattr(owner, name, timing(stage, function))
    try:
        yield spent
    finally:
        for owner, name, function in originals:
            setattr(owner, name, function)


def _filled(folder: Path, embedder: NearRealOnes, size: int, corpus: Path | None) -> Store:
    """A store of `size` sources: the evaluation's, and made-up ones."""
    store = Store.open(folder / "store", embedder)
    texts: list[tuple[str, list[str]]] = []
    with store.writing():
        put_bundled(store)
        for path in sorted((FOLDER / "briefs").glob("*.txt")):
            brief = parse_brief(path.read_text(encoding="utf-8"), path.name)
            store.put(brief)
            texts += [(entry.title, entry.summary.split(". ")) for entry in brief.entries if entry.summary]
        if corpus is not None:
            for brief in parse_json_lines(corpus.read_text(encoding="utf-8"), corpus.name).briefs:
                texts += [(entry.title, entry.summary.split(". ")) for entry in brief.entries if entry.summary]
        embedder.filling = True
        chance = random.Random(size)
        sentences = [sentence.rstrip(".") for _, own in texts for sentence in own]
        for start in range(store.count(), size, _IN_A_BRIEF):
            entries = tuple(_made_up(chance, n, texts, sentences) for n in range(start, min(size, start + _IN_A_BRIEF)))
            store.put(Brief(f"made-up-{start}", f"What helps with problem {start}?", entries))
    embedder.filling = False
    store.warm_up()
    return store


def _made_up(
    chance: random.Random, number: int, texts: Sequence[tuple[str, list[str]]], sentences: Sequence[str]
) -> Entry:
    """A paper with the words of real ones: half of a title, and sentences joined into few passages."""
    each = _SENTENCES // _PASSAGES
    summary = " ".join(f"{'; '.join(chance.sample(sentences, each))}." for _ in range(_PASSAGES))
    title = f"{chance.choice(texts)[0].split(':')[-1].strip()} ({number})"
    return Entry(Kind.PAPER, title, f"https://example.org/papers/{number}", None, summary)


if __name__ == "__main__":
    main()
