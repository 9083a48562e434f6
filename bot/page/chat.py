"""What happens in the chat when somebody asks, stops, comes back or starts anew; Gradio is not known here."""

import logging
import re
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from bot.answer import Answer
from bot.errors import UserError
from bot.llm.sketch import Sketch
from bot.page.conversation import (
    Message,
    Writing,
    coming_html,
    cut_off_message,
    error_message,
    messages,
    question_message,
    writing_message,
)
from bot.page.panel import cited_html
from bot.page.photos import panel_html
from bot.photos.album import Upload, clean_name
from bot.service import WORDLESS_QUESTION, Bot, Exchange, Piece, Request, Step
from restore.errors import RestoreError
from store.errors import StoreError

THREAD = re.compile(r"[0-9a-f]{32}")  # ids are drawn by us, so that nobody guesses another's
_GETTING_READY = "Getting ready: loading the embedding model…"
_WRITING = "Writing; what you see is checked…"
_UNEXPECTED = (
    "something went wrong on our side and the question was not answered: ask it again, or start a new conversation"
)
_IN_LOG = "Whoever runs this server finds what happened in its log, under {reference}."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """What a browser shows of its conversation."""

    thread: str
    messages: list[Message]
    cited: str | None = None  # HTML of what the answers cite; None while it stays as it is
    photos: str | None = None  # HTML of the panel of photos; None while it stays as it is
    asking: str = ""  # the question that is being answered
    draft: str = ""  # what stands in the input box
    files: tuple[str, ...] = ()  # and the files beside it


class Chat:
    """The conversations of every browser, over one bot."""

    def __init__(self, bot: Bot, ready: Future[None]) -> None:
        """`ready` is done when the bot can answer, or holds the error for which it cannot."""
        self.bot = bot
        self.ready = ready
        self._stops: dict[str, threading.Event] = {}  # of the answers that are being written, by conversation

    def new(self) -> View:
        """A conversation of its own."""
        return View(uuid.uuid4().hex, [], cited_html("", ()), panel_html("", ()))

    def come_back(self, thread: str | None) -> View:
        """The conversation of that id as it was left, or a new one when there is none."""
        if not thread or not THREAD.fullmatch(thread):
            return self.new()
        exchanges = self.bot.exchanges(thread)
        return self._whole(thread, exchanges) if exchanges else self.new()

    def ask(self, question: str, thread: str, files: Sequence[str] = ()) -> Iterator[View]:
        """Answer a question, as the conversation grows; an error becomes a line of the conversation.

        files: paths of uploaded photos, which are kept by the conversation and then removed from there.
        """
        if not question.strip() and not files:
            return
        if not THREAD.fullmatch(thread):
            thread = self.new().thread
        names = [clean_name(Path(file).name) for file in files]
        shown = question_message(question, coming_html(names))
        asked = View(thread, [shown], asking=question or WORDLESS_QUESTION, files=tuple(files))
        stop = self._stops[thread] = threading.Event()
        try:
            exchanges = self.bot.exchanges(thread)
            asked = replace(asked, messages=[*self._messages(thread, exchanges), *asked.messages])
            request = Request(question, thread=thread, photos=tuple(map(_upload, files)), stop=stop)
            yield from self._writing(asked, request, len(exchanges) + 1)
            yield self._whole(thread, self.bot.exchanges(thread))
            for file in files:
                Path(file).unlink(missing_ok=True)  # the conversation has its own
        except (UserError, StoreError, RestoreError) as error:
            yield _failed(asked, question, str(error))
        except Exception:
            reference = uuid.uuid4().hex[:8]
            logger.exception("a question could not be answered (%s)", reference)
            yield _failed(asked, question, _UNEXPECTED, _IN_LOG.format(reference=reference))
        finally:
            if self._stops.get(thread) is stop:
                del self._stops[thread]

    def stopped(self, thread: str, asking: str) -> View:
        """The conversation after its last answer was stopped, and with it a restoration that was running."""
        if thread in self._stops:
            self._stops[thread].set()
        exchanges = self.bot.exchanges(thread) if THREAD.fullmatch(thread) else []
        view = self._whole(thread, exchanges)
        if asking and (not exchanges or _asked(exchanges[-1]) != asking.strip()):  # stopped before it began
            return replace(view, messages=[*view.messages, question_message(asking), cut_off_message(asking)])
        return view

    def delete(self, thread: str) -> None:
        """Delete a conversation for good, with its photos."""
        if thread in self._stops:
            self._stops[thread].set()
        self.bot.forget(thread)

    def _writing(self, asked: View, request: Request, number: int) -> Iterator[View]:
        """The conversation while answer `number` is written."""
        writing = Writing()
        if not self.ready.done():
            writing = writing.after(_GETTING_READY)
        yield _with_answer(asked, number, writing)
        self.ready.result()
        for event in self.bot.stream(request):
            if request.stop.is_set():
                continue  # what became of it is shown already, and must not be overwritten by what comes late
            match event:
                case Step():
                    writing = writing.after(event.text, event.fraction)
                case Sketch():
                    yield _with_answer(asked, number, Writing(_WRITING, markdown=event.markdown))
                    continue
                case Piece():
                    writing = writing.with_piece(event.markdown)
                case Answer():
                    return
            yield _with_answer(asked, number, writing)

    def _messages(self, thread: str, exchanges: list[Exchange]) -> list[Message]:
        liked = {opinion.answer: opinion.liked for opinion in self.bot.conversations.opinions(thread)}
        return messages(thread, exchanges, liked)

    def _whole(self, thread: str, exchanges: list[Exchange]) -> View:
        return View(
            thread, self._messages(thread, exchanges), cited_html(thread, exchanges), panel_html(thread, exchanges)
        )  # fmt: skip


def _asked(exchange: Exchange) -> str:
    """What the user wrote."""
    return (exchange.pasted or exchange.question).strip()


def _with_answer(asked: View, number: int, writing: Writing) -> View:
    return replace(asked, messages=[*asked.messages, writing_message(number, writing)])


def _failed(asked: View, question: str, line: str, details: str = "") -> View:
    """The conversation with an error; question and photos go back into the box, so that nothing need be done again."""
    return replace(asked, messages=[*asked.messages, error_message(line, details)], asking="", draft=question)


def _upload(file: str) -> Upload:
    try:
        return Upload(Path(file).name, Path(file).read_bytes())
    except OSError as error:
        raise UserError("the upload is no longer there: add the photo again") from error
