"""What a program may ask for, whichever way it comes: an answer, a restoration, the sources, a conversation.

Nothing here knows HTTP. An owner is named as `bot.sharing.people` names them; what is somebody else's is answered like what
does not exist.
"""

import uuid
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from dataclasses import asdict, replace
from typing import Any

from bot.answer import Answer
from bot.errors import UserError
from bot.held_to import of_sources
from bot.llm.sketch import Sketch
from bot.page.photos import ROUTE
from bot.photos.album import Upload
from bot.photos.turn import Handling
from bot.service import Bot, Exchange, Piece, Request, Step
from bot.sharing.setup import Sharing


class NotThereError(UserError):
    """What was named does not exist, or is somebody else's."""


Event = Step | Sketch | Piece | Answer


class Desk:
    """Answers programs over one bot."""

    def __init__(self, bot: Bot, ready: Future[None], sharing: Sharing) -> None:
        """`ready` is done when the bot can answer, or holds the error for which it cannot."""
        self.bot = bot
        self.ready = ready
        self.sharing = sharing

    def stream(self, request: Request, owner: str, sources: Collection[str] = ()) -> Iterator[Event]:
        """Answer a question as `Bot.stream` does, in a conversation of the owner's: the named one, or a new one.

        sources: the names or ids of those that alone may be used; with none, what the conversation is held to.
        Raises UserError, StoreError or RestoreError; NotThereError for a conversation, brief or source that is not there.
        """
        thread = self.own_thread(request.thread, owner) if request.thread else self.new_thread(owner)
        self.ready.result()
        if request.brief and request.brief not in {record.name for record in self.bot.store.briefs()}:
            raise NotThereError(
                f"there is no brief {request.brief[:80]!r} in the store: leave brief empty to use every source"
            )
        try:
            held_to = of_sources(self.bot.store, sources, request.brief)
        except UserError as error:
            raise NotThereError(str(error)) from error
        yield from self.bot.stream(replace(request, thread=thread, brief=request.brief or None, held_to=held_to))

    def ask(self, request: Request, owner: str, sources: Collection[str] = ()) -> dict[str, Any]:
        """The answer to a question as JSON; raises as `stream` does."""
        for event in self.stream(request, owner, sources):
            if isinstance(event, Answer):
                return answer_json(event)
        raise AssertionError("a turn ends with its answer")

    def restore(self, photo: Upload, handling: Handling, request: Request, owner: str) -> dict[str, Any]:
        """The answer that tells of the photo's restoration, as JSON; raises UserError, too, when nothing could be restored."""
        if handling.enlarge not in range(1, 5) or not 0 <= handling.strength <= 1:
            raise UserError(
                f"cannot enlarge {handling.enlarge} times at strength {handling.strength:g}: "
                "choose enlarge from 1 to 4, and strength from 0 to 1"
            )
        answer = self.ask(replace(request, question="", photos=(photo,), handling=handling), owner)
        if answer["restoration"] is None:
            raise UserError(" ".join(answer["answer"].split()))
        return answer

    def sources(self) -> list[dict[str, Any]]:
        """What the store holds, as `unblur sources --json` prints it."""
        self.ready.result()
        return [asdict(source) for source in self.bot.store.sources()]

    def conversation(self, thread: str, owner: str) -> dict[str, Any]:
        """A conversation of the owner's: its title and its turns, oldest first; raises NotThereError."""
        exchanges = self.bot.exchanges(self.own_thread(thread, owner))
        listed = self.bot.conversations.get(thread)
        turns = [
            {
                "question": "" if exchange.wordless else exchange.question,
                "photos": [picture.name for picture in exchange.pictures],
                "answer": answer_json(exchange.answer) if exchange.answer else None,
            }
            for exchange in exchanges
        ]
        return {"title": listed.title if listed else "", "thread": thread, "turns": turns}

    def new_thread(self, owner: str) -> str:
        """The id of a new conversation of the owner's."""
        thread = uuid.uuid4().hex
        self.sharing.note_thread(thread, owner)
        return thread

    def own_thread(self, thread: str, owner: str) -> str:
        """The conversation of that id; raises NotThereError when there is none that the owner may go on with."""
        own = self.sharing.thread_to_read(thread, owner)
        known = own is not None and (self.sharing.ownership.owner_of(own) == owner or self.bot.history(own))
        if own is None or not known:
            raise NotThereError(
                f"there is no conversation {thread[:40]!r}: leave thread empty to start one, and use its answers' thread"
            )
        return own

    def last(self, thread: str) -> Exchange:
        """The last turn of a conversation."""
        return self.bot.exchanges(thread)[-1]


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as `unblur ask --json` prints it; a restoration has addresses below the server's in place of a file's path."""
    told: dict[str, Any] = answer.model_dump(mode="json")
    restoration = told["restoration"]
    if restoration is not None and answer.thread is not None:
        file = answer.restoration.output_path.rpartition("/")[2] if answer.restoration else ""
        restoration["addresses"] = photo_addresses(answer.thread, restoration["result"], file)
        restoration["output_path"] = restoration["addresses"]["result"]
    return told


def photo_addresses(thread: str, result: str, file: str) -> dict[str, str]:
    """Where a result, and what it looked like before and after, is found below the server's address."""
    folder = f"{ROUTE}/{thread}"
    return {
        "before": f"{folder}/{result}.before.png",
        "after": f"{folder}/{result}.after.png",
        "result": f"{folder}/{file}",
    }
