"""How well a question's wording alone tells whether it is about restoring pictures: `python -m benchmarks.domain [--write]`.

The questions of `tests/eval/domain_questions.jsonl`, written for this and used by no split: those that a source of the
evaluation answers, with its title, and those that none does, with their subject. Prints how often the classifier of
`bot/embedded/domain.py` is right about sources and subjects that it was not fitted to; `--write` fits it to all of them.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.eval_store import FOLDER
from bot.embedded.domain import PACKAGED, Domain
from bot.privacy import keep_everything_here
from store.embedding import SentenceTransformerEmbedder, Vectors

_LENGTHS = (8, 12, 16, 22, 30)  # words; within each range both answers weigh the same, so that length tells nothing
_FOLDS = 5
_INVERSE_PENALTY = 1.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Asked:
    """A question, whether a source answers it, and which source, or which subject it is about instead."""

    question: str
    answered: bool
    of: str


def domain_questions() -> list[Asked]:
    """All questions of the data file, in its order."""
    with (FOLDER / "domain_questions.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Asked(row["question"], "title" in row, row.get("title") or row["subject"]) for row in rows]


def fit(vectors: Vectors, answered: Flags, lengths: NDArray[np.int_]) -> tuple[NDArray[np.float64], float]:
    """Weights (dimension,) and constant of a logistic regression; vectors (questions, dimension), lengths in words."""
    from sklearn.linear_model import LogisticRegression

    ranges = np.digitize(lengths, _LENGTHS)
    weights = np.zeros(len(answered))
    for one in np.unique(ranges):
        for side in (True, False):
            same = (ranges == one) & (answered == side)
            weights[same] = (ranges == one).sum() / 2 / max(same.sum(), 1)
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=2_000).fit(vectors, answered, sample_weight=weights)
    return model.coef_[0], float(model.intercept_[0])


def classifier(asked: Sequence[Asked], vectors: Vectors) -> Domain:
    """The classifier fitted to some questions; vectors (questions, dimension)."""
    lengths = np.array([len(one.question.split()) for one in asked])
    weights, constant = fit(vectors, np.array([one.answered for one in asked]), lengths)
    return Domain(weights.astype(np.float32), constant)


def main() -> None:
    """Print how often it is right, by length; with --write fit and write what comes with us."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PACKAGED.name} anew")
    chosen = parser.parse_args()
    keep_everything_here()
    asked = domain_questions()
    vectors = SentenceTransformerEmbedder().encode([one.question for one in asked])
    answered = np.array([one.answered for one in asked])
    lengths = np.array([len(one.question.split()) for one in asked])
    group = {of: number % _FOLDS for number, of in enumerate(sorted({one.of for one in asked}))}
    folds = np.array([group[one.of] for one in asked])
    odds = np.zeros(len(asked))
    for fold in range(_FOLDS):
        rest = folds != fold
        fitted = classifier([one for one, kept in zip(asked, rest, strict=True) if kept], vectors[rest])
        odds[~rest] = vectors[~rest] @ fitted.weights + fitted.constant
    print(f"{answered.sum()} answered, {(~answered).sum()} not; each judged by a fit to other sources and subjects")
    print(f"{'words':>9}  {'answered, right':>16}  {'not answered, right':>20}")
    for low, high in zip((0, *_LENGTHS), (*_LENGTHS, 1_000), strict=True):
        these = (lengths >= low) & (lengths < high)
        yes, no = odds[these & answered] > 0, odds[these & ~answered] <= 0
        print(f"{low:>4}-{high - 1:<4}  {yes.mean():>16.2f}  {no.mean():>20.2f}")
    if chosen.write:
        fitted = classifier(asked, vectors)
        np.savez(PACKAGED, weights=fitted.weights, constant=np.float32(fitted.constant))
        print(f"written to {PACKAGED}")


if __name__ == "__main__":
    main()
