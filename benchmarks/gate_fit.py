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

from benchmarks.domain import Asked, classifier, domain_questions
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
    wording = domain_questions()
    vectors = embedder.encode([one.question for one in wording])
    asked = [one for split in SPLITS for one in _asked(split, embedder, wording, vectors)]
    print("  split   weighed   false refusals   near misses answered   off topic answered")
    errors: list[bool] = []
    for split in SPLITS:
        own = [one for one in asked if one.split == split]
        wrong = _errors(own, fitted([one for one in asked if one.split != split]))
        print(_row(split, wrong, own))
        errors += wrong
    print(_row("all", errors, asked))
    decision = fitted(asked)
    weights = ", ".join(f"{one.name}={getattr(decision, one.name):.1f}" for one in fields(Decision))
    print(f"\nfitted to all: Decision({weights})")


def _asked(split: str, embedder: Embedder, wording: Sequence[Asked], vectors: Vectors) -> list[Weighed]:
    """The questions of a split that the gate weighs; wording: the questions on the domain, with their vectors."""
    is_further = split in FURTHER
    store = filled_store(embedder, split if is_further else None)
    items, _ = read_items(FOLDER / (f"questions_{split}.jsonl" if is_further else "questions.jsonl"))
    domain = _without_sources_of(split, wording, vectors) if is_further else None
    found = []
    for item in items:
        alone = item.split == split and not item.history and not item.brief
        if not alone or item.kind not in (*ANSWERED, *REFUSED):
            continue
        turn = read_turn([HumanMessage(item.question)])
        view = View(tuple(look_up(TurnContext(store), query) for query in turn.queries))
        if not gate.is_weighed(turn, view):
            continue
        signals = gate.signals(turn, view)
        if domain is not None:
            signals = replace(signals, domain=domain.log_odds(store.query_vectors([turn.queries[0]])[0]))
        found.append(Weighed(split, item.kind, signals, bool(gate.missing_subject(turn, view))))
    store.close()
    return found


def _without_sources_of(split: str, wording: Sequence[Asked], vectors: Vectors) -> Domain:
    """The judgement by wording, fitted without the questions on a split's own sources."""
    briefs = [parse_brief(path.read_text("utf-8"), path.name) for path in (FOLDER / f"briefs_{split}").glob("*.txt")]
    own = {fold(entry.title) for brief in briefs for entry in brief.entries}
    kept = [number for number, one in enumerate(wording) if fold(one.of) not in own]
    return classifier([wording[number] for number in kept], vectors[kept])


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


def _row(name: str, errors: Sequence[bool], asked: Sequence[Weighed]) -> str:
    """A line of the table: how many of which kinds are decided wrongly."""
    told = []
    for kinds in (ANSWERED, REFUSED[:1], REFUSED[1:]):
        some = [error for error, one in zip(errors, asked, strict=True) if one.kind in kinds]
        told.append(f"{sum(some)} of {len(some)}")
    return f"{name:>7}  {len(asked):>8}  {told[0]:>15}  {told[1]:>21}  {told[2]:>19}"


if __name__ == "__main__":
    main()
