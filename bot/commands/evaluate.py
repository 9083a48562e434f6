"""`unblur eval`: many questions answered into a file, and scored where the gold answers are given."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from bot.commands.ingest import bar
from bot.errors import UserError
from bot.evaluation.marks import Mark, mark
from bot.evaluation.questions import read_items
from bot.evaluation.runner import Runner
from bot.evaluation.table import figures, markdown
from bot.opening import opened_store, tell
from bot.settings import load_settings


def evaluate(questions: Path, out: Path, *, overwrite: bool, quiet: bool) -> int:
    """Answer every line of `questions` into `out`; returns 0, or 2 when some lines could not be answered."""
    settings = load_settings()
    items, problems = read_items(questions)
    if out.exists() and not overwrite:
        raise UserError(f"{out} exists: choose another name, or add --overwrite")
    if not items:
        raise UserError(f"{problems[0] if problems else f'{questions} holds no question'}: give one JSON object a line")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    marks: list[Mark] = []
    try:
        with opened_store(settings, fill=True) as store, bar("answering", quiet) as progress, partial.open("w") as file:
            runner = Runner(store, settings, questions.parent)
            for number, item in enumerate(items, start=1):
                try:
                    answer = runner.answer(item)
                except UserError as error:
                    problems.append(f"{questions}, id {item.id}: {error}")
                    continue
                marks.append(mark(item, answer, runner.sources(item)))
                file.write(json.dumps({"id": item.id, **answer.model_dump(mode="json")}, ensure_ascii=False) + "\n")
                if progress:
                    progress(number, len(items))
            runner.close()
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    for problem in problems:
        tell(f"error: {problem}")
    if not quiet:
        if any(one.referred or one.met is not None for one in marks):
            tell(markdown(figures(marks)))
        tell(_line(marks))
    return 2 if problems else 0


def _line(marks: Sequence[Mark]) -> str:
    """The score in one line."""
    if not marks:
        return "0 answers"
    seconds = sorted(one.seconds for one in marks)
    parts = [f"{len(marks)} answers, median {seconds[len(seconds) // 2]:.2f} s"]
    found = [one.referred.anywhere for one in marks if one.referred]
    met = [one.met for one in marks if one.met is not None]
    if found:
        parts.append(f"gold titles referenced {sum(found) / len(found):.3f} ({len(found)} questions)")
    if met:
        parts.append(f"as expected {sum(met) / len(met):.3f} ({len(met)} questions)")
    return "; ".join(parts)
