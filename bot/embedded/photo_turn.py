"""A turn about photos: the tools that it calls, and the draft once they have run."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AnyMessage, BaseMessage

from bot.draft import Draft
from bot.embedded.photo_answer import NETWORK_QUERY, await_photo, photo_answer, refuse_wish
from bot.embedded.photo_wish import PhotoWish
from bot.embedded.view import View
from bot.photos.tools import RESTORE, UNDO, pictures_in, standing_results, tried_in
from bot.tools import SEARCH, found_in

Call = tuple[str, dict[str, Any]]  # a tool's name and its arguments


def photo_calls(wish: PhotoWish) -> list[Call]:
    """The tools to call for a wish; none where there is nothing to do."""
    if wish.action in ("await", "refuse"):
        return []
    search: list[Call] = [(SEARCH, {"query": NETWORK_QUERY})]
    if wish.action == "restore":
        return [*((RESTORE, wish.call(photo)) for photo in wish.photos), *search]
    return [*((UNDO, {"photo": photo}) for photo in wish.photos), *search] if wish.action == "undo" else search


def photo_draft(wish: PhotoWish, messages: Sequence[BaseMessage], now: Sequence[AnyMessage]) -> Draft:
    """The draft for a wish; `messages` are the whole conversation, `now` those since the user's last one."""
    if wish.action == "await":
        return await_photo()
    if wish.action == "refuse":
        return refuse_wish(wish)
    searched = tuple(found for found in found_in(now) if found.query == NETWORK_QUERY)
    return photo_answer(
        wish, pictures_in(messages), tried_in(now), standing_results(tried_in(messages)), View(searched)
    )
