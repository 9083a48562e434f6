"""Subjects beside image restoration that a question may be about instead, kept as data in `neighbours.toml`.

A question is compared with how people ask for each of them, and with the field's own names of its subjects. One that is nearer
to a subject of which no found source speaks than to any source is likely not to be answerable.

The default embedding model's vectors of the phrases come with us, since embedding them takes seconds at each start.
`python -m bot.embedded.neighbours` writes them anew after a change of the phrases, of which a test reminds.
"""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from bot.embedded.knowledge import Phrases, read_data
from store.embedding import Embedder, SentenceTransformerEmbedder, Vectors
from store.glossary import concepts, mentions_of

_PACKAGED = "neighbours.npz"
_KEPT = 12  # nearest subjects that are told of a question
_SPOKEN_OF = 2  # mentions of a subject of the field in a source that make it one that the source is about


@dataclass(frozen=True)
class Neighbour:
    """A subject, with how people ask for it and the words by which a source speaks of it."""

    name: str
    said: tuple[str, ...]
    terms: Phrases


Near = tuple[str, float]  # a subject's name, and its similarity to a question


@cache
def neighbours() -> tuple[Neighbour, ...]:
    """All subjects of the data file, in its order."""
    return tuple(
        Neighbour(row["name"], tuple(row["said"]), Phrases(row["terms"]))
        for row in read_data("neighbours.toml")["subject"]
    )


class Surroundings:
    """How near questions are to each subject, by an embedding model."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._vectors: Vectors | None = None  # (phrases, dimension)
        phrases = [(one.name, said) for one in neighbours() for said in one.said]
        phrases += [(one.name, one.name) for one in concepts() if not one.means]
        self._names, self._phrases = zip(*phrases, strict=True)

    def near(self, question: Vectors) -> tuple[Near, ...]:
        """The nearest subjects to a question's vector (dimension,), the nearest first."""
        similarities = self.load() @ question
        best: dict[str, float] = {}
        for row in np.argsort(-similarities):
            best.setdefault(self._names[row], float(similarities[row]))
            if len(best) == _KEPT:
                break
        return tuple((name, round(similarity, 4)) for name, similarity in best.items())

    def load(self) -> Vectors:
        """The vectors of all phrases (phrases, dimension): those that come with us if of this model, else embedded."""
        with self._lock:
            if self._vectors is None:
                packaged = _packaged(self.key)
                self._vectors = self._embedder.encode(self._phrases) if packaged is None else packaged
            return self._vectors

    @property
    def key(self) -> str:
        """What the vectors depend on: the model and the phrases, as a SHA-256."""
        return hashlib.sha256("\n".join([self._embedder.name, *self._phrases]).encode()).hexdigest()

    def write(self, file: Path) -> None:
        """Embed the phrases and write their vectors, in half precision, with what they depend on."""
        vectors = self._embedder.encode(self._phrases)
        np.savez_compressed(file, key=np.array(self.key), vectors=vectors.astype(np.float16))


def _packaged(key: str) -> Vectors | None:
    """The vectors that come with us (phrases, dimension), None when they are of another model or of other phrases."""
    with files("bot.embedded").joinpath(_PACKAGED).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return stored["vectors"].astype(np.float32) if str(stored["key"]) == key else None


def words_for_pictures(question: str) -> int:
    """How many of a question's words show that it is about pictures."""
    return len(_pictures().find(question))


@cache
def _pictures() -> Phrases:
    return Phrases(read_data("neighbours.toml")["pictures"])


def nearest_not_held(near: Sequence[Near], texts: Sequence[str]) -> Near | None:
    """The nearest subject of which none of some sources' texts speaks, None when all are spoken of."""
    return next(((name, similarity) for name, similarity in near if not _is_held(name, texts)), None)


def _is_held(name: str, texts: Sequence[str]) -> bool:
    terms = _terms().get(name)
    if terms is not None:
        return any(text in terms for text in texts)
    concept = next(one for one in concepts() if one.name == name)
    return any(mentions_of(concept, text) >= _SPOKEN_OF for text in texts)


@cache
def _terms() -> dict[str, Phrases]:
    return {one.name: one.terms for one in neighbours()}


if __name__ == "__main__":
    Surroundings(SentenceTransformerEmbedder()).write(Path(__file__).with_name(_PACKAGED))
