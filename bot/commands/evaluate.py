"""`unblur eval`: many questions answered into a file, and scored where the gold answers are given."""

import contextlib
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.answer import Answer
from bot.commands.ingest import bar
from bot.errors import UserError
from bot.evaluation.questions import Item, expected, fold, meets, read_items
from bot.opening import opened_store, read_brief, store_of, tell
from bot.service import Bot, Request
from bot.settings import Settings, load_settings
from store.model import BriefRecord
from store.store import Store


def evaluate(questions: Path, out: Path, *, overwrite: bool, quiet: bool) -> int:
    """Answer every line of `questions` into `out`; returns 0, or 2 when some lines could not be answered."""
    settings = load_settings()
    items, problems = read_items(questions)
    if out.exists() and not overwrite:
        raise UserError(f"{out} exists: choose another name, or add --overwrite")
    if not items:
        raise UserError(f"{problems[0] if problems else f'{questions} holds no question'}: give one JSON object a line")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    score = Score()
    try:
        with opened_store(settings, fill=True) as store, bar("answering", quiet) as progress, partial.open("w") as file:
            runner = _Runner(store, settings, questions.parent)
            for number, item in enumerate(items, start=1):
                try:
                    answer = runner.answer(item)
                except UserError as error:
                    problems.append(f"{questions}, id {item.id}: {error}")
                    continue
                score.add(item, answer)
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
        tell(score.line())
    return 2 if problems else 0


class _Runner:
    """Answers items one after the other, each in a conversation of its own."""

    def __init__(self, store: Store, settings: Settings, folder: Path) -> None:
        self._store = store
        self._settings = settings
        self._folder = folder
        self._bot = Bot(store, settings, keep_threads=False)
        self._briefs: Mapping[str, BriefRecord] = {record.name: record for record in store.briefs()}
        self._from_files: dict[str, tuple[Store, str | None]] = {}
        self._stack = contextlib.ExitStack()

    def close(self) -> None:
        """Release the stores of briefs that came from files."""
        self._stack.close()

    def answer(self, item: Item) -> Answer:
        """Answer one item after its history; raises UserError when it cannot be asked."""
        thread = uuid.uuid4().hex if item.history else None
        store, own = self._brief(item.brief) if item.brief else (None, None)
        answer: Answer | None = None
        for question in (*item.history, item.question):
            request = Request(question, thread=thread, brief=item.brief, store=store, supplied=_same(question, own))
            answer = self._bot.ask(request)
        assert answer is not None
        return answer.model_copy(update={"thread": None})

    def _brief(self, name: str) -> tuple[Store | None, str | None]:
        """Where a brief's sources are (None: in the bot's store) and its own question."""
        if name in self._briefs:
            return None, self._briefs[name].question
        if name not in self._from_files:
            brief = read_brief(self._folder / name)
            store = store_of(brief, self._settings, self._store.embedder)
            self._stack.callback(store.close)
            self._from_files[name] = (store, brief.question)
        return self._from_files[name]


def _same(question: str, own: str | None) -> bool:
    return own is not None and question.split() == own.split()


@dataclass
class Score:
    """How many answers met their gold fields."""

    answers: int = 0
    found: list[float] = field(default_factory=list)  # share of the gold titles among the references, an item each
    met: list[bool] = field(default_factory=list)  # expectation met, an item each
    seconds: list[float] = field(default_factory=list)

    def add(self, item: Item, answer: Answer) -> None:
        """Score one answer."""
        self.answers += 1
        self.seconds.append(answer.seconds)
        if item.gold_titles:
            held = {fold(reference.title) for reference in answer.references}
            self.found.append(sum(fold(title) in held for title in item.gold_titles) / len(item.gold_titles))
        if item.expect:
            self.met.append(meets(expected(item), answer))

    def line(self) -> str:
        """The score in one line."""
        parts = [
            f"{self.answers} answers, median {sorted(self.seconds)[len(self.seconds) // 2]:.2f} s"
            if self.seconds
            else "0 answers"
        ]
        if self.found:
            parts.append(
                f"gold titles referenced {sum(self.found) / len(self.found):.3f} ({len(self.found)} questions)"
            )
        if self.met:
            parts.append(f"as expected {sum(self.met) / len(self.met):.3f} ({len(self.met)} questions)")
        return "; ".join(parts)
