"""What happens in the chat when somebody asks, stops, comes back or starts anew; Gradio is not known here."""

import logging
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from bot.answer import Answer
from bot.errors import UserError
from bot.llm.sketch import Sketch
from bot.page.conversation import (
    Message,
    Writing,
    cut_off_message,
    error_message,
    messages,
    question_message,
    writing_message,
)
from bot.page.panel import cited_html
from bot.service import Bot, Exchange, Piece, Request, Step
from store.errors import StoreError

_THREAD = re.compile(r"[0-9a-f]{32}")  # ids are drawn by us, so that nobody guesses another's
_GETTING_READY = "Getting ready: loading the embedding model…"
_WRITING = "Writing; what you see is checked…"
_UNEXPECTED = (
    "something went wrong on our side and the question was not answered: ask it again, or start a new conversation"
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """What a browser shows of its conversation."""

    thread: str
    messages: list[Message]
    cited: str | None = None  # HTML of what the answers cite; None while it stays as it is
    asking: str = ""  # the question that is being answered
    draft: str = ""  # what stands in the input box


class Chat:
    """The conversations of every browser, over one bot."""

    def __init__(self, bot: Bot, ready: Future[None]) -> None:
        """`ready` is done when the bot can answer, or holds the error for which it cannot."""
        self.bot = bot
        self.ready = ready

    def new(self) -> View:
        """A conversation of its own."""
        return View(uuid.uuid4().hex, [], cited_html("", ()))

    def come_back(self, thread: str | None) -> View:
        """The conversation of that id as it was left, or a new one when there is none."""
        if not thread or not _THREAD.fullmatch(thread):
            return self.new()
        exchanges = self.bot.exchanges(thread)
        return self._whole(thread, exchanges) if exchanges else self.new()

    def ask(self, question: str, thread: str) -> Iterator[View]:
        """Answer a question, as the conversation grows; an error becomes a line of the conversation."""
        if not question.strip():
            return
        if not _THREAD.fullmatch(thread):
            thread = self.new().thread
        asked = View(thread, [question_message(question)], asking=question)
        try:
            exchanges = self.bot.exchanges(thread)
            asked = replace(asked, messages=[*messages(exchanges), *asked.messages])
            yield from self._writing(asked, len(exchanges) + 1)
            yield self._whole(thread, self.bot.exchanges(thread))
        except (UserError, StoreError) as error:
            yield _failed(asked, str(error))
        except Exception:
            logger.exception("a question could not be answered")
            yield _failed(asked, _UNEXPECTED)

    def stopped(self, thread: str, asking: str) -> View:
        """The conversation after its last answer was stopped."""
        exchanges = self.bot.exchanges(thread) if _THREAD.fullmatch(thread) else []
        view = self._whole(thread, exchanges)
        if asking and (not exchanges or exchanges[-1].question != asking.strip()):  # stopped before it began
            return replace(view, messages=[*view.messages, question_message(asking), cut_off_message()])
        return view

    def answer(self, question: str, thread: str = "", brief: str = "") -> dict[str, Any]:
        """Answer a question for a program: the answer as JSON.

        thread: of an earlier answer, to go on with its conversation. brief: the name of a brief in the store whose
        sources alone may be used. Raises UserError or StoreError.
        """
        if thread and not (_THREAD.fullmatch(thread) and self.bot.history(thread)):
            raise UserError(
                f"there is no conversation {thread[:40]!r}: leave thread empty to start one, and use its answers' thread"
            )
        self.ready.result()
        if brief and brief not in {record.name for record in self.bot.store.briefs()}:
            raise UserError(f"there is no brief {brief[:80]!r} in the store: leave brief empty to use every source")
        request = Request(question, thread=thread or self.new().thread, brief=brief or None)
        return self.bot.ask(request).model_dump(mode="json")

    def _writing(self, asked: View, number: int) -> Iterator[View]:
        """The conversation while answer `number` is written."""
        writing = Writing()
        if not self.ready.done():
            writing = writing.after(_GETTING_READY)
        yield _with_answer(asked, number, writing)
        self.ready.result()
        for event in self.bot.stream(Request(asked.asking, thread=asked.thread)):
            match event:
                case Step():
                    writing = writing.after(event.text)
                case Sketch():
                    yield _with_answer(asked, number, Writing(_WRITING, event.markdown))
                    continue
                case Piece():
                    writing = writing.with_piece(event.markdown)
                case Answer():
                    return
            yield _with_answer(asked, number, writing)

    def _whole(self, thread: str, exchanges: list[Exchange]) -> View:
        return View(thread, messages(exchanges), cited_html(thread, exchanges))


def _with_answer(asked: View, number: int, writing: Writing) -> View:
    return replace(asked, messages=[*asked.messages, writing_message(number, writing)])


def _failed(asked: View, line: str) -> View:
    """The conversation with an error; the question goes back into the box, so that it need not be written again."""
    return replace(asked, messages=[*asked.messages, error_message(line)], asking="", draft=asked.asking)
