"""The conversation that a client's messages tell of, where it names none: one that went just like it, or one made again.

Clients of OpenAI's format send everything that was said with every question, and no name of the conversation.
"""

import hashlib
import threading
from collections.abc import Iterable, Sequence

from langchain_core.messages import HumanMessage

from bot.api.chat_request import Turn
from bot.api.desk import Desk, NotThereError
from bot.errors import UserError
from bot.photos.album import Album, Upload
from bot.photos.tools import pictures_in
from bot.service import WORDLESS_QUESTION, Request, check_question
from bot.sharing.people import ANYONE
from restore.errors import PhotoError, RestoreError

MOST_EARLIER = 12  # turns that are looked back on when a conversation is made again
_MOST_LOOKED_AT = 20  # conversations of an owner, the newest

_Said = tuple[str, tuple[str, ...]]  # a question, and the digests of its photos


def going_on(desk: Desk, earlier: Sequence[Turn], told: Iterable[str], owner: str) -> str | None:
    """A conversation of the owner's in which just this was said so far; None when there is none.

    told: conversations that the messages themselves name. Others are looked at for an owner who is known alone: programs that
    nobody can tell apart must not come upon each other's.
    """
    said = [_as_kept(desk, turn) for turn in earlier]
    listed = [] if owner == ANYONE else desk.sharing.ownership.owned_by(owner)[:_MOST_LOOKED_AT]
    for thread in dict.fromkeys([*told, *listed]):
        try:
            own = desk.own_thread(thread, owner)
        except NotThereError:
            continue
        if _said_in(desk, own) == said:
            return own
    return None


def made_again(desk: Desk, earlier: Sequence[Turn], owner: str, stop: threading.Event) -> str:
    """A new conversation of the owner's in which the last of the earlier questions were asked, those that can be."""
    thread = desk.new_thread(owner)
    desk.ready.result()
    for turn in earlier[-MOST_EARLIER:]:
        if stop.is_set():
            break
        try:
            desk.bot.ask(Request(turn.question, thread=thread, photos=turn.photos, stop=stop, rehearsed=True))
        except (UserError, RestoreError):
            continue  # it could not be answered then, either
    return thread


def photos_in(earlier: Sequence[Turn]) -> int:
    """How many photos `made_again` takes in."""
    return sum(len(turn.photos) for turn in earlier[-MOST_EARLIER:])


def _as_kept(desk: Desk, turn: Turn) -> _Said:
    question = WORDLESS_QUESTION if turn.photos and not turn.question.strip() else turn.question
    try:
        question = check_question(question, desk.bot.settings.max_question_characters)
    except UserError:
        question = ""  # no conversation holds it
    return question, tuple(_digest(photo) for photo in turn.photos)


def _said_in(desk: Desk, thread: str) -> list[_Said]:
    album = desk.bot.darkroom.album(thread)
    return [
        (str(message.content), tuple(_kept_digest(album, picture.file) for picture in pictures_in([message])))
        for message in desk.bot.history(thread)
        if isinstance(message, HumanMessage)
    ]


def _digest(photo: Upload) -> str:
    return hashlib.sha256(photo.data).hexdigest()


def _kept_digest(album: Album, file: str) -> str:
    try:
        return hashlib.sha256(album.path(file).read_bytes()).hexdigest()
    except (OSError, PhotoError):
        return ""  # deleted meanwhile
