"""An ingest that is killed at any moment leaves a store that the next one completes."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ingest.pipeline import ingest
from store.model import Source
from store.store import Store

_KILLS = 6
_SEED = int(os.environ.get("UNBLUR_TEST_SEED", "20"))
_ROOT = Path(__file__).resolve().parents[2]


def paper(number: int, edition: str) -> str:
    sentences = " ".join(f"Sentence {n} of paper {number}, {edition} edition." for n in range(6))
    return f"Model: Paper {number}\nPaper: https://example.org/{number}\nSummary: {sentences}\n"


def write_corpus(folder: Path, edition: str, first: int) -> None:
    """Twenty briefs of ten papers, neighbours sharing five; and sources as JSON Lines."""
    folder.mkdir(exist_ok=True)
    for number in range(20):
        papers = "\n".join(paper(n, edition) for n in range(first + number * 5, first + number * 5 + 10))
        text = f"Question: What is {number}?\n\n## Related Papers\n{papers}"
        (folder / f"{first + number}.txt").write_text(text, encoding="utf-8")
    lines = (
        {"title": f"Line {n}", "kind": "paper", "summary": f"Line {n}, {edition}.", "brief": f"lines {n % 3}"}
        for n in range(first, first + 60)
    )
    (folder / "lines.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


def contents(store: Store) -> tuple[list[Source], list[tuple[str, tuple[str, ...]]]]:
    return store.sources(), [(brief.name, brief.source_ids) for brief in store.briefs()]


def test_a_killed_ingest_is_completed_by_the_next(tmp_path: Path, open_store: Callable[[], Store]):
    chance = random.Random(_SEED)
    corpus, home = tmp_path / "corpus", tmp_path / "home"
    write_corpus(corpus, "first", 0)
    ingest([corpus], open_store())
    open_store().close()
    for path in corpus.iterdir():
        path.unlink()
    write_corpus(corpus, "second", 20)  # some briefs are edited, some new, some gone
    waits = [f"{chance.uniform(0.05, 1.0):.3f}" for _ in range(_KILLS)]
    worker = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("ingest_worker.py")), str(home), str(corpus)],
        input="\n".join([*waits, "end"]),
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        timeout=120,
        check=True,
    )
    *interrupted, last = worker.stdout.split()
    assert "killed" in interrupted, f"no kill came in time with seed {_SEED}: ingest more, or wait less"
    assert last == "0", f"seed {_SEED}"

    fresh = Store.open(tmp_path / "fresh", open_store().embedder)
    ingest([corpus], fresh)
    completed = open_store()
    assert contents(completed) == contents(fresh), f"seed {_SEED}"
    report = ingest([corpus], completed, prune=True)
    assert (report.added, report.changed, report.removed) == (0, 0, 0), f"seed {_SEED}"
    for source in completed.sources()[::20]:
        found = completed.search(source.title, sources=3)
        assert source in [evidence.source for evidence in found], f"seed {_SEED}"
    fresh.close()
