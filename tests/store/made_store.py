"""Made-up briefs and a quick embedder, for tests and for the processes that they start."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from store.embedding import Vectors
from store.model import Brief, Entry, Kind
from store.store import Store


class WordEmbedder:
    """Hashed bag of words: `dimension` numbers, unit length, the same in every process."""

    def __init__(self, dimension: int = 64, name: str = "words") -> None:
        self.name = name
        self.dimension = dimension
        self.encoded = 0  # texts so far

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: float32 (texts, dimension), each row of length 1."""
        self.encoded += len(texts)
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()):
                digest = hashlib.md5(word.encode("utf-8", "replace")).digest()
                row[digest[0] % self.dimension] += 1 if digest[1] % 2 else -1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


TOPICS = ("deblurring", "denoising", "enlarging", "colouring", "inpainting", "deraining", "dehazing", "compression")


def made_entry(number: int, *, kind: Kind = Kind.PAPER, sentences: int = 3, note: str = "") -> Entry:
    """An entry whose title and summary name its number and a topic."""
    topic = TOPICS[number % len(TOPICS)]
    summary = " ".join(
        f"Statement {part} of work{number} says how {topic} is done with method{number}x{part}."
        for part in range(sentences)
    )
    return Entry(kind, f"Work{number} on {topic}", f"https://example.org/{number}", None, f"{summary} {note}".strip())


def made_brief(name: str, numbers: Sequence[int], note: str = "") -> Brief:
    """A brief that names the made entries of some numbers."""
    return Brief(name, f"What does {name} ask?", tuple(made_entry(number, note=note) for number in numbers))


def self_retrieval_misses(store: Store) -> list[str]:
    """The sources that a search for one of their own sentences does not put first."""
    misses = []
    for source in store.sources():
        sentence = source.text.rsplit("\n\n", 1)[-1].split(". ")[0]
        found = store.search(sentence, sources=1)
        if not found or found[0].source.source_id != source.source_id:
            misses.append(source.source_id)
    return misses
