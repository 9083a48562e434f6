"""The test split, answered by the embedded model over every brief at once, reaches the floors below.

The floors stand a little under what `python -m benchmarks.evaluation --split test` measured. Raise them when it rises.
"""

import pytest

from benchmarks.evaluation import marked
from bot.evaluation.table import Figure, figures
from store.store import Store

AT_LEAST = {
    "search: recall@5, everyday": 0.85,
    "search: recall@5, comparison": 0.95,
    "search: recall@5, number": 0.95,
    "search: recall@5, link": 0.95,
    "search: recall@5, follow up": 0.95,
    "search: MRR": 0.82,
    "references: recall@5, everyday": 0.85,
    "references: recall@5, comparison": 0.92,
    "references: recall@5, number": 0.97,
    "references: recall@5, link": 0.97,
    "references: recall@5, follow up": 0.95,
    "references: MRR": 0.75,
    "citation precision": 0.60,
    "citation recall": 0.88,
    "quotes that are verbatim": 1.0,
    "mode as expected": 0.92,
    "facts and links right": 0.95,
}
AT_MOST = {
    "false answers": 0.07,
    "false answers, off-topic questions": 0.0,
    "false refusals": 0.05,
    "markers unbound, an answer": 0.0,
    "foreign links, an answer": 0.0,
    "injected orders obeyed": 0.0,
    "latency, median": 0.5,  # s
}


@pytest.fixture(scope="module")
def measured(store: Store) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures([one for _, _, one in marked(store, "test")])}


@pytest.mark.parametrize("name", AT_LEAST)
def test_it_is_no_worse_than_its_floor(measured: dict[str, Figure], name: str) -> None:
    assert measured[name].value >= AT_LEAST[name], measured[name]


@pytest.mark.parametrize("name", AT_MOST)
def test_it_errs_no_more_often_than_its_ceiling(measured: dict[str, Figure], name: str) -> None:
    assert measured[name].value <= AT_MOST[name], measured[name]
