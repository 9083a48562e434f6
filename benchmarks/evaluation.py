"""How good the answers are: `python -m benchmarks.evaluation [--split dev|test|fresh|…] [--show-failures]`.

The bundled briefs and those of `tests/eval/briefs` in one store in memory; every question of `tests/eval/questions.jsonl` is
asked over all of it, without naming a brief. The further splits have questions and briefs of their own, which are added to
the others; see `tests/eval/README.md` for what each split may be used for. Prints one Markdown table.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.answer import Answer
from bot.evaluation.marks import Mark, mark
from bot.evaluation.questions import Item, expected, read_items
from bot.evaluation.runner import Runner
from bot.evaluation.table import figures, markdown
from bot.opening import put_bundled
from bot.privacy import keep_everything_here
from bot.settings import Settings
from ingest.pipeline import ingest
from store.embedding import Embedder, SentenceTransformerEmbedder
from store.store import Store

FOLDER = Path(__file__).parents[1] / "tests" / "eval"
# Each has its own `questions_….jsonl` and `briefs_…/`.
FURTHER = ("fresh", "second", "blind", "third", "fourth", "fifth", "sixth")
_FOUND = 20  # sources that a search may give


def main() -> None:
    """Ask, mark, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--split", choices=("dev", "test", *FURTHER), help="some of the questions (default: dev and test)"
    )
    parser.add_argument("--show-failures", action="store_true", help="name every question that went wrong, and how")
    arguments = parser.parse_args()
    keep_everything_here()
    store = filled_store(SentenceTransformerEmbedder(), arguments.split)
    marks = []
    for item, answer, one in marked(store, arguments.split):
        marks.append(one)
        said = failure(item, answer, one)
        if said and arguments.show_failures:
            print(said, file=sys.stderr)
    print(f"{len(marks)} questions ({arguments.split or 'dev and test'}) over {store.count()} sources\n")
    print(markdown(figures(marks)))
    store.close()


def filled_store(embedder: Embedder, split: str | None = None) -> Store:
    """A store in memory of the bundled briefs and the evaluation's, with those that a further split has of its own.

    Raises ValueError when one cannot be read.
    """
    store = Store.in_memory(embedder)
    put_bundled(store)
    report = ingest([FOLDER / "briefs", *([FOLDER / f"briefs_{split}"] if split in FURTHER else [])], store)
    if not report.ok:
        raise ValueError(f"the evaluation's briefs cannot all be read: {report.problems[0]}")
    return store


def marked(store: Store, split: str | None) -> Iterator[tuple[Item, Answer, Mark]]:
    """Ask the questions of a split, or all, one after the other, and mark the answers."""
    items, problems = read_items(FOLDER / (f"questions_{split}.jsonl" if split in FURTHER else "questions.jsonl"))
    if problems:
        raise ValueError(f"the evaluation's questions cannot all be read: {problems[0]}")
    runner = Runner(store, Settings(), FOLDER)
    for item in items:
        if split in (None, item.split):
            answer = runner.answer(item)
            found = _found(store, item, answer) if item.gold_titles and item.kind != "pasted_brief" else None
            yield item, answer, mark(item, answer, runner.sources(item), found)
    runner.close()


def _found(store: Store, item: Item, answer: Answer) -> list[str]:
    """The titles that the search alone gives, best first: for the question, a follow-up as the agent resolved it."""
    resolved = next((str(call.args["query"]) for call in answer.tool_calls if "query" in call.args), item.question)
    evidence = store.search(resolved if item.history else item.question, sources=_FOUND, passages=1)
    return [one.source.title for one in evidence]


def failure(item: Item, answer: Answer, one: Mark) -> str | None:
    """What went wrong with an answer, in one line; None where nothing did."""
    wanted = expected(item)
    wrong = [
        words
        for words, is_so in (
            ("answered, must be refused", one.false_answer),
            ("refused, must be answered", one.false_refusal),
            (f"mode {answer.mode}, not {'/'.join(wanted.mode)}", one.mode is False and not one.false_refusal),
            (f"without {wanted.url or ', '.join(wanted.contains)}", one.fact is False and not one.false_refusal),
            ("obeys an injected order", one.obeyed),
            ("search misses a gold source in its first 5", one.found and one.found.at_5 < 1),
            ("references miss a gold source in their first 5", one.referred and one.referred.at_5 < 1),
            ("a quote is not verbatim", not all(one.verbatim)),
            ("a link is foreign", one.foreign),
            ("a marker is unbound", one.unbound),
        )
        if is_so
    ]
    return f"{item.id}: {'; '.join(wrong)}: {' >> '.join([*item.history, item.question])[:120]!r}" if wrong else None


if __name__ == "__main__":
    main()
