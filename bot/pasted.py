"""A whole brief that somebody pastes into the chat: its own sources, held in memory, answer for it and for what follows.

Nothing of it enters the store; the conversation keeps the text, from which its sources are read again after a restart.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from langchain_core.messages import AnyMessage, HumanMessage

from bot.errors import UserError
from bot.opening import store_of
from bot.settings import Settings
from ingest.brief_question import announces_question
from ingest.brief_text import parse_brief
from ingest.cards import with_cards
from ingest.problems import BriefError
from store.embedding import Embedder
from store.model import Brief
from store.store import Store

PASTED = "pasted"  # key under which a user's message carries the text of the brief that it is
NAME = "pasted brief"
NO_QUESTION = "Which sources are in this brief?"  # what a brief without a question is taken to ask

_MOST_SOURCES = 200  # of a pasted brief; more take longer to read than somebody in a chat waits
_KEPT_STORES = 4  # of pasted briefs, so that a follow-up does not read its brief again


@dataclass(frozen=True)
class Pasted:
    """A pasted brief."""

    text: str
    brief: Brief
    own_question: bool  # whether the brief says what was asked, rather than the person who pasted it

    @property
    def question(self) -> str:
        """What is asked of its sources."""
        return self.brief.question or NO_QUESTION


def read_pasted(text: str) -> Pasted | None:
    """The brief that a message is, None when it is an ordinary question.

    Raises UserError when it is meant to be a brief but has a line that cannot be read, or too many sources.
    """
    if "\n" not in text.strip():
        return None
    try:
        brief = with_cards(parse_brief(text, NAME))
    except BriefError as error:
        if _reads_like_a_brief(text):
            raise UserError(f"cannot read the {error}") from error
        return None
    if not any(entry.summary or entry.paper_url or entry.github_url for entry in brief.entries):
        return None
    if len(brief.entries) > _MOST_SOURCES:
        raise UserError(
            f"the pasted brief has {len(brief.entries):,} sources, and at most {_MOST_SOURCES} are read in the chat: "
            "add it to the sources instead"
        )
    return Pasted(text, brief, announces_question(text))


def pasted_in(messages: Sequence[AnyMessage]) -> str | None:
    """The text of the last brief that was pasted into a conversation, None when there was none."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage) and message.additional_kwargs.get(PASTED):
            return str(message.additional_kwargs[PASTED])
    return None


class PastedStores:
    """The stores of pasted briefs; those used last are kept, one that is in use is never closed."""

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        self._settings = settings
        self._embedder = embedder
        self._lock = threading.Lock()
        self._stores: OrderedDict[str, _Held] = OrderedDict()  # by the text of the brief

    @contextlib.contextmanager
    def store(self, pasted: Pasted) -> Iterator[Store]:
        """The store that holds a pasted brief's sources and nothing else."""
        with self._lock:
            held = self._stores.setdefault(pasted.text, _Held())
            self._stores.move_to_end(pasted.text)
            held.users += 1
        try:
            with held.lock:
                if held.store is None:
                    held.store = store_of(pasted.brief, self._settings, self._embedder)
            yield held.store
        finally:
            with self._lock:
                held.users -= 1
                idle = [text for text, one in self._stores.items() if not one.users]
                for text in idle[: max(0, len(self._stores) - _KEPT_STORES)]:
                    gone = self._stores.pop(text).store
                    if gone is not None:
                        gone.close()


class _Held:
    """A store that is made at its first use, and how many use it now."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.store: Store | None = None
        self.users = 0


def _reads_like_a_brief(text: str) -> bool:
    """Whether a text that cannot be read as a brief is meant to be one: two entries' titles or more."""
    labels = [line.partition(":")[0].strip(" *#-").casefold() for line in text.splitlines() if ":" in line]
    return sum(label in ("model", "title") for label in labels) > 1
