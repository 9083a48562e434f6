"""Fit the decision of `bot/embedded/gate.py`: `python -m benchmarks.gate_fit`.

Asks every split of the evaluation, each over its own briefs. A split's errors are printed as decided by weights that were
fitted to all others, and with a judgement by wording (`bot/embedded/domain.py`) that was fitted without the questions on that
split's sources: what to expect of questions that nobody has seen, as far as the words of the rules were not chosen on them.
The last line has the weights fitted to all. `crowd` is the same for a whole split, so it cannot be fitted; it is kept.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from langchain_core.messages import HumanMessage

from benchmarks.domain import domain_questions, fit
from benchmarks.eval_store import ANSWERED, FOLDER
from benchmarks.evaluation import FURTHER, filled_store
from bot.embedded import gate
from bot.embedded.domain import Domain
from bot.embedded.gate import CARRIES, Decision, Signals
from bot.embedded.turn import read_turn
from bot.embedded.view import View
from bot.evaluation.questions import fold, read_items
from bot.privacy import keep_everything_here
from bot.tools import TurnContext, look_up
from ingest.brief_text import parse_brief
from store.embedding import Embedder, SentenceTransformerEmbedder, Vectors

SPLITS = ("dev", "test", *(split for split in FURTHER if split != "sixth"))  # the newest is for measuring
REFUSED = ("near_miss", "off_topic")
_INVERSE_PENALTY = 3.0
_TYPICAL_CROWD = math.log(170)


@dataclass(frozen=True)
class Weighed:
    """A question that the gate weighs, rather than decide it by its names or its form."""

    split: str
    kind: str
    signals: Signals
    missing: bool  # whether it speaks of a subject that no found source is about

    @property
    def answerable(self) -> bool:
        """Whether a source answers it."""
        return self.kind in ANSWERED


def main() -> None:
    """Print each split's errors under weights of the others, and weights of all."""
    keep_everything_here()
    embedder = SentenceTransformerEmbedder()
    asked = [one for split in SPLITS for one in _asked(split, embedder)]
    print(
        f"{'split':>7}  {'weighed':>8}  {'false refusals':>15}  {'near misses answered':>21}  {'off topic answered':>19}"
    )
    sums = []
    for split in SPLITS:
        own = [one for one in asked if one.split == split]
        decided = fitted([one for one in asked if one.split != split])
        errors = _errors(own, decided)
        sums.append((errors, own))
        print(f"{split:>7}  {len(own):>8}  {_share(errors, own, ANSWERED):>15}  ", end="")
        print(f"{_share(errors, own, REFUSED[:1]):>21}  {_share(errors, own, REFUSED[1:]):>19}")
    errors = [error for some, _ in sums for error in some]
    print(f"{'all':>7}  {len(asked):>8}  {_share(errors, asked, ANSWERED):>15}  ", end="")
    print(f"{_share(errors, asked, REFUSED[:1]):>21}  {_share(errors, asked, REFUSED[1:]):>19}")
    weights = ", ".join(f"{one.name}={getattr(fitted(asked), one.name):.1f}" for one in fields(Decision))
    print(f"\nfitted to all: Decision({weights})")


def _asked(split: str, embedder: Embedder) -> list[Weighed]:
    """The questions of a split that the gate weighs."""
    is_further = split in FURTHER
    store = filled_store(embedder, split if is_further else None)
    items, _ = read_items(FOLDER / (f"questions_{split}.jsonl" if is_further else "questions.jsonl"))
    wording = _without_sources_of(split, embedder) if is_further else None
    found = []
    for item in items:
        if (
            item.history
            or item.brief
            or item.kind not in (*ANSWERED, *REFUSED)
            or not (is_further or item.split == split)
        ):
            continue
        turn = read_turn([HumanMessage(item.question)])
        view = View(tuple(look_up(TurnContext(store), query) for query in turn.queries))
        if not gate.is_weighed(turn, view):
            continue
        signals = gate.signals(turn, view)
        if wording is not None:
            signals = replace(signals, domain=wording.log_odds(store.query_vectors([turn.queries[0]])[0]))
        found.append(Weighed(split, item.kind, signals, bool(gate.missing_subject(turn, view))))
    store.close()
    return found


def _without_sources_of(split: str, embedder: Embedder) -> Domain:
    """The judgement by wording, fitted without the questions on a split's own sources."""
    briefs = [parse_brief(path.read_text("utf-8"), path.name) for path in (FOLDER / f"briefs_{split}").glob("*.txt")]
    own = {fold(entry.title) for brief in briefs for entry in brief.entries}
    asked = domain_questions()
    keep = np.array([fold(one.of) not in own for one in asked])
    vectors = _vectors(embedder)
    answered = np.array([one.answered for one in asked])
    lengths = np.array([len(one.question.split()) for one in asked])
    weights, constant = fit(vectors[keep], answered[keep], lengths[keep])
    return Domain(weights.astype(np.float32), constant)


_embedded: list[Vectors] = []


def _vectors(embedder: Embedder) -> Vectors:
    """The vectors of all questions on the domain (questions, dimension), embedded once."""
    if not _embedded:
        _embedded.append(embedder.encode([one.question for one in domain_questions()]))
    return _embedded[0]


def fitted(asked: Sequence[Weighed]) -> Decision:
    """The weights of a logistic regression over some questions; off-topic ones count as near misses do."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    names = [one.name for one in fields(Signals) if one.name != "crowd"]
    rows = np.array([[getattr(one.signals, name) for name in names] for one in asked])
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", max_iter=2_000)
    model.fit(scaler.transform(rows), [one.answerable for one in asked])
    weights = model.coef_[0] / scaler.scale_
    constant = float(model.intercept_[0] - weights @ scaler.mean_) - CARRIES.crowd * _TYPICAL_CROWD
    return replace(CARRIES, **dict(zip(names, map(float, weights), strict=True)), constant=constant)


def _errors(asked: Sequence[Weighed], decision: Decision) -> list[bool]:
    """Which questions would be decided wrongly."""
    return [gate.carries(one.signals, decision, missing=one.missing) != one.answerable for one in asked]


def _share(errors: Sequence[bool], asked: Sequence[Weighed], kinds: Sequence[str]) -> str:
    some = [error for error, one in zip(errors, asked, strict=True) if one.kind in kinds]
    return f"{sum(some)} of {len(some)}"


if __name__ == "__main__":
    main()
