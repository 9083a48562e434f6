"""What a search costs as the store grows: `python -m benchmarks.scale [--sources 500,50000] [--sentences N]`.

Made-up sources with quick made-up vectors of the default model's length, since what is measured is the table, the word index and
the vector index; what the model itself takes to read a question does not grow, and is measured once and added. Wanted: a search
among 50,000 sources takes at most twice as long as one among 500.
"""

import argparse
import hashlib
import random
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.eval_store import questions
from benchmarks.ingest import made_up_entry
from store.embedding import SentenceTransformerEmbedder, Vectors
from store.model import Brief, Entry
from store.store import Store

GOAL = 2.0
_DIMENSION = 384
_IN_A_BRIEF = 10


class QuickEmbedder:
    """Sums of a made-up vector for each word: texts that share words lie near each other, as with a real model."""

    name = "made-up"
    dimension = _DIMENSION

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: float32 (texts, dimension), each row of length 1."""
        found = np.zeros((len(texts), _DIMENSION), dtype=np.float32)
        for row, text in zip(found, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()) or [text]:
                row += _word_vector(word)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


@lru_cache(maxsize=100_000)
def _word_vector(word: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:4], "little")
    return np.random.default_rng(seed).standard_normal(_DIMENSION).astype(np.float32)


def main() -> None:
    """Fill stores of each size, time the same questions in each, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", default="500,50000", help="sizes of the stores, the smallest first")
    parser.add_argument("--sentences", type=int, default=10, help="of each summary, at most")
    chosen = parser.parse_args()
    asked = [item.question for item in questions("dev") if item.kind == "everyday"]
    reading = _reading_seconds(asked)
    print(f"the model reads a question, twice where the field has other words: {1000 * reading:.0f} ms")
    print(
        f"{'sources':>8} {'filled in s':>12} {'search ms':>10} {'95 % ms':>8} {'with reading':>13} {'against first':>14}"
    )
    first = 0.0
    for size in map(int, chosen.sources.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            filled, times = _measure(Path(folder), size, chosen.sentences, asked)
        whole = statistics.median(times) + reading
        first = first or whole
        slow = sorted(times)[int(0.95 * (len(times) - 1))]
        print(
            f"{size:>8,} {filled:>12.0f} {1000 * statistics.median(times):>10.0f} {1000 * slow:>8.0f} {1000 * whole:>10.0f} ms "
            f"{whole / first:>13.2f}x",
            flush=True,
        )


def _measure(folder: Path, size: int, sentences: int, asked: Sequence[str]) -> tuple[float, list[float]]:
    """Seconds to fill a store of `size` sources, and of each search in it."""
    chance = random.Random(size)
    store = Store.open(folder, QuickEmbedder())
    began = time.perf_counter()
    with store.writing():
        for start in range(0, size, _IN_A_BRIEF):
            entries = tuple(_shortened(made_up_entry(chance, start + n), sentences) for n in range(_IN_A_BRIEF))
            store.put(Brief(f"made-up-{start}", None, entries))
    filled = time.perf_counter() - began
    for question in asked[:5]:
        store.search(question, sources=8, passages=40)
    times = [_seconds(store, question) for question in asked]
    store.close()
    return filled, times


def _shortened(entry: Entry, sentences: int) -> Entry:
    parts = entry.summary.split(". ")[:sentences]
    return Entry(entry.kind, entry.title, entry.paper_url, entry.github_url, ". ".join(parts).rstrip(".") + ".")


def _seconds(store: Store, question: str) -> float:
    began = time.perf_counter()
    store.search(question, sources=8, passages=40)
    return time.perf_counter() - began


def _reading_seconds(asked: Sequence[str]) -> float:
    model = SentenceTransformerEmbedder()
    model.encode(["warm up"])
    began = time.perf_counter()
    for question in asked:
        model.encode([question, f"{question} in other words"])
    return (time.perf_counter() - began) / len(asked)


if __name__ == "__main__":
    main()
