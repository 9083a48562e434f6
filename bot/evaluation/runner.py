"""Ask a bot an evaluation's questions, each in a conversation of its own."""

import contextlib
import uuid
from collections.abc import Mapping
from pathlib import Path

from bot.answer import Answer
from bot.evaluation.questions import Item
from bot.opening import read_brief, store_of
from bot.service import Bot, Request
from bot.settings import Settings
from ingest.brief_text import parse_brief
from ingest.cards import with_cards
from ingest.problems import BriefError
from store.identity import source_id
from store.model import BriefRecord, Source
from store.store import Store
from store.text import render_text


class Runner:
    """Answers items over a store; briefs that it does not hold are read from `folder`."""

    def __init__(self, store: Store, settings: Settings, folder: Path) -> None:
        self._store = store
        self._settings = settings
        self._folder = folder
        self._bot = Bot(store, settings, keep_threads=False)
        self._briefs: Mapping[str, BriefRecord] = {record.name: record for record in store.briefs()}
        self._held = {source.source_id: source for source in store.sources()}
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

    def sources(self, item: Item) -> dict[str, Source]:
        """What may be used for an item, by id: the store's sources or its brief's, and those of a brief that it pastes."""
        store = self._brief(item.brief)[0] if item.brief else None
        held = {source.source_id: source for source in store.sources()} if store else self._held
        return held | pasted_sources(item.question)

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


def pasted_sources(question: str) -> dict[str, Source]:
    """The sources of the brief that a question consists of, by id; none where it is no brief."""
    try:
        brief = with_cards(parse_brief(question, "pasted"))
    except BriefError:
        return {}
    return {
        source_id(entry): Source(
            source_id(entry),
            entry.title,
            entry.kind,
            entry.paper_url,
            entry.github_url,
            (brief.name,),
            render_text(entry.title, entry.paper_url, entry.github_url, entry.summary),
        )
        for entry in brief.entries
    }


def _same(question: str, own: str | None) -> bool:
    return own is not None and question.split() == own.split()
