"""How fast sources go in, beside the bare embedding model: `python -m benchmarks.ingest [--sources N]`.

Made-up sources of an abstract's length are put into a new store in parts, and before or after each part the embedding
model alone encodes the very same passages, so that a busy machine slows both alike. Putting counts everything: cutting
into sentences, embedding, the table, and the vector index at the end. Wanted: at least 0.8 of the model's own rate.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from store.embedding import SentenceTransformerEmbedder
from store.identity import source_id
from store.model import Brief, Entry, Kind
from store.store import Store
from store.text import embedded_text, passages_of, render_text

GOAL = 0.8

SUBJECTS = """
    The proposed network|Our method|A diffusion prior|The encoder|This transformer|A recurrent stage|The frequency branch|
    Each scale of the pyramid|The degradation model|A learned kernel|The attention module|Adversarial training
"""
VERBS = """
    restores|estimates|suppresses|separates|aligns|predicts|refines|upsamples|conditions|regularises|reconstructs|weighs
"""
OBJECTS = """
    motion blur|sensor noise|fine texture|rain streaks|saturated highlights|colour casts|compression blocks|haze|
    depth discontinuities|optical aberrations|low light|temporal flicker|feature maps|camera shake
"""
MANNERS = """
    in a coarse-to-fine manner|without paired supervision|at three scales|from a single exposure|on mobile hardware|
    by exploiting the event stream|under unknown degradations|through unrolled optimisation|in the raw domain|
    with a wavelet decomposition|across neighbouring frames|along the estimated trajectory
"""
TAILS = """
    .|, which prior work leaves unsolved.|, and gains {gain} dB on the benchmark of {year}.|; code and weights are public.|
    , as an ablation over {count} configurations shows.|, at {time} ms for a picture of one megapixel.
"""


def made_up_entry(chance: random.Random, number: int) -> Entry:
    """A paper whose summary has about 160 words in about ten sentences, no two papers alike."""

    def pick(words: str) -> str:
        return chance.choice([word.strip() for word in words.strip().split("|")])

    def sentence() -> str:
        clauses = [
            f"{pick(SUBJECTS)} {pick(VERBS)} {pick(OBJECTS)} {pick(MANNERS)}" for _ in range(chance.choice([1, 2]))
        ]
        tail = pick(TAILS).format(
            gain=chance.randint(1, 300) / 100,
            year=chance.randint(2012, 2026),
            count=chance.randint(3, 40),
            time=chance.randint(2, 900),
        )
        return " while ".join([clauses[0], *(clause[0].lower() + clause[1:] for clause in clauses[1:])]) + tail

    summary = " ".join(sentence() for _ in range(chance.randint(8, 12)))
    title = f"{pick(OBJECTS).title()} {pick(MANNERS).title()}: Study {number}"
    return Entry(Kind.PAPER, title, f"https://example.org/papers/{number}", None, summary)


def embedded_texts(entries: Sequence[Entry]) -> list[str]:
    """Exactly what the store has the model encode for these entries."""
    texts = [render_text(entry.title, entry.paper_url, entry.github_url, entry.summary) for entry in entries]
    return [
        embedded_text(text, passage)
        for entry, text in zip(entries, texts, strict=True)
        for passage in passages_of(source_id(entry), text)
    ]


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(sources: int, rounds: int, device: str) -> float:
    """Print the table; returns the share of the bare model's rate that putting reaches."""
    chance = random.Random(7)
    entries = [made_up_entry(chance, number) for number in range(sources)]
    parts = [entries[number::rounds] for number in range(rounds)]
    embedder = SentenceTransformerEmbedder(device=device)
    embedder.encode(embedded_texts(entries[:8]))  # warm
    bare: list[float] = []
    put: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder), embedder)
        store.sync()  # load Chroma before the clock runs
        with store.writing():
            for number, part in enumerate(parts):
                brief, texts = Brief(f"part {number}", None, tuple(part)), embedded_texts(part)
                if number % 2:
                    put.append(seconds(lambda brief=brief: store.put(brief)))  # type: ignore[misc]
                bare.append(seconds(lambda texts=texts: embedder.encode(texts)))  # type: ignore[misc]
                if not number % 2:
                    put.append(seconds(lambda brief=brief: store.put(brief)))  # type: ignore[misc]
            began = time.perf_counter()
        index_s = time.perf_counter() - began
        passages = len(store._table.passage_sources())
        store.close()
    ratio = sum(bare) / (sum(put) + index_s)
    by_part = statistics.median(b / (p + index_s / rounds) for b, p in zip(bare, put, strict=True))
    print(f"{sources} sources, {passages} passages, in {rounds} parts")
    print(f"bare model      {sum(bare):8.1f} s  {sources / sum(bare):7.1f} sources/s")
    print(f"putting         {sum(put) + index_s:8.1f} s  {sources / (sum(put) + index_s):7.1f} sources/s")
    print(f"  of it index   {index_s:8.1f} s")
    print(f"share of the bare model's rate: {ratio:.2f} (median of the parts {by_part:.2f}; wanted {GOAL})")
    return ratio


def main() -> None:
    """Read the options and measure; the exit status says whether the goal was reached."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--sources", type=int, default=2000, help="how many made-up sources (default 2000)")
    parser.add_argument("--rounds", type=int, default=5, help="how many parts to measure in turn (default 5)")
    parser.add_argument("--device", default="auto", help="torch device (default: the best at hand)")
    options = parser.parse_args()
    raise SystemExit(measure(options.sources, options.rounds, options.device) < GOAL)


if __name__ == "__main__":
    main()
