"""How much a question's wording alone says that it is about restoring pictures, whichever sources are at hand.

A linear classifier of the question's vector, fitted by `python -m benchmarks.domain --write` to the questions of
`tests/eval/domain_questions.jsonl`. It holds for the default embedding model alone.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from store.embedding import DEFAULT_MODEL, Vectors

PACKAGED = Path(str(files("bot.embedded"))) / "domain.npz"
_MOST = 3.0  # beyond which more odds change nothing: wording is no proof


@dataclass(frozen=True)
class Domain:
    """The weights of a logistic regression."""

    weights: Vectors  # (dimension,)
    constant: float

    def log_odds(self, question: Vectors) -> float:
        """The logarithm of the odds that a question with this vector (dimension,) is of the domain, at most ±3."""
        return float(np.clip(self.weights @ question + self.constant, -_MOST, _MOST))


def in_domain(embedder_name: str, question: Vectors) -> float:
    """The log-odds that a question with this vector (dimension,) is of the domain; 0, which says nothing, for other models."""
    return round(packaged().log_odds(question), 4) if embedder_name == DEFAULT_MODEL else 0.0


@cache
def packaged() -> Domain:
    """The classifier that comes with us."""
    with np.load(PACKAGED, allow_pickle=False) as stored:
        return Domain(stored["weights"], float(stored["constant"]))
