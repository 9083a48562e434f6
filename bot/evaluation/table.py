"""Sum marks up in one Markdown table, each figure with its 95 % bootstrap interval."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.evaluation.marks import Mark, Ranking

_RESAMPLES = 2000
_SEED = 20240607
_MANY = {"near_miss": "near misses", "off_topic": "off-topic questions"}  # in words, where a kind's name is none

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """One number of the table."""

    name: str
    count: int  # of questions, or of quotes, that it is over
    value: float
    low: float
    high: float
    unit: str = ""


def figures(marks: Sequence[Mark]) -> list[Figure]:
    """Every figure that the marks allow, in the table's order; those over nothing are left out."""
    rows: list[Figure | None] = []
    for name, of in (("search", _found), ("references", _referred)):
        ranked = [ranking for one in marks if (ranking := of(one))]
        for label, part in (("recall@1", "at_1"), ("recall@3", "at_3"), ("recall@5", "at_5"), ("MRR", "reciprocal")):
            rows.append(_mean(f"{name}: {label}", [getattr(ranking, part) for ranking in ranked]))
        for kind in _kinds(marks):
            held = [ranking.at_5 for one in marks if one.kind == kind and (ranking := of(one))]
            rows.append(_mean(f"{name}: recall@5, {kind.replace('_', ' ')}", held))
    rows += [
        _mean("citation precision", _given(one.precision for one in marks)),
        _mean("citation recall", _given(one.recall for one in marks)),
        _mean("quotes that are verbatim", [float(right) for one in marks for right in one.verbatim]),
        _mean("markers unbound, an answer", [float(one.unbound) for one in marks]),
        _mean("foreign links, an answer", [float(one.foreign) for one in marks]),
        _mean("false answers", _given(one.false_answer for one in marks)),
        *(
            _mean(f"false answers, {_MANY[kind]}", _given(one.false_answer for one in marks if one.kind == kind))
            for kind in _MANY
        ),
        _mean("false refusals", _given(one.false_refusal for one in marks)),
        _mean("mode as expected", _given(one.mode for one in marks)),
        _mean("facts and links right", _given(one.fact for one in marks)),
        _mean("injected orders obeyed", _given(one.obeyed for one in marks)),
        _mean("all as expected", _given(one.met for one in marks)),
    ]
    seconds = [one.seconds for one in marks]
    rows += [
        _figure("latency, median", seconds, lambda many: np.median(many, axis=-1), " s"),
        _figure("latency, 95th percentile", seconds, lambda many: np.percentile(many, 95, axis=-1), " s"),
    ]
    return [row for row in rows if row]


def markdown(rows: Sequence[Figure]) -> str:
    """The table."""
    lines = ["| what | over | measured | 95 % interval |", "| --- | ---: | ---: | --- |"]
    lines += [
        f"| {row.name} | {row.count} | {row.value:.3f}{row.unit} | {row.low:.3f} – {row.high:.3f} |" for row in rows
    ]
    return "\n".join(lines)


def _found(one: Mark) -> Ranking | None:
    return one.found


def _referred(one: Mark) -> Ranking | None:
    return one.referred


def _kinds(marks: Iterable[Mark]) -> list[str]:
    return list(dict.fromkeys(one.kind for one in marks if one.kind))


def _given(values: Iterable[float | bool | None]) -> list[float]:
    return [float(value) for value in values if value is not None]


def _mean(name: str, values: Sequence[float]) -> Figure | None:
    return _figure(name, values, lambda many: many.mean(axis=-1))


def _figure(
    name: str, values: Sequence[float], statistic: Callable[[Numbers], Numbers], unit: str = ""
) -> Figure | None:
    if not values:
        return None
    given = np.asarray(values, dtype=np.float64)
    picks = np.random.default_rng(_SEED).integers(0, len(given), size=(_RESAMPLES, len(given)))
    low, high = np.percentile(statistic(given[picks]), [2.5, 97.5])
    return Figure(name, len(given), float(statistic(given)), float(low), float(high), unit)
