"""Read what a turn wants done with photos: restore, enlarge, again, with other weights, weaker, undo, or tell what was done."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from langchain_core.messages import BaseMessage, HumanMessage

from bot.embedded.knowledge import Phrases, read_data
from bot.photos.album import Picture, Result
from bot.photos.tools import PHOTOS, REFUSED, WORDLESS, pictures_in, standing_results, tried_in
from bot.photos.turn import HANDLING
from restore.photo import LARGEST_ENLARGEMENT
from restore.registry import NAME_RULE, canonical_name

_WORDS = 24  # a longer message without a photo is a question
_INVITING_WORDS = 14
_ASKS = re.compile(
    r"^\W*(?:so |and |but )?(?:how|why|what|when|who|whose|where|which|does|do (?!it\b|that\b|the same\b)"
    r"|did|is|are|was|were|tell me)\b",
    re.IGNORECASE,
)
_EXPLAIN = re.compile(r"\b(?:how|why|what|which|explain|describe|tell)\b", re.IGNORECASE)
_NUMBERS = {
    "two": 2,
    "twice": 2,
    "double": 2,
    "three": 3,
    "triple": 3,
    "four": 4,
    "quadruple": 4,
    "five": 5,
    "six": 6,
    "ten": 10,
}
_NUMBER = rf"\d+(?:\.\d+)?|{'|'.join(_NUMBERS)}"
_TIMES = re.compile(rf"\b(?P<number>{_NUMBER})[\s-]*(?:x|×|times|fold)(?!\w)|[x×]\s?(?P<after>\d+)\b", re.IGNORECASE)
_FACTOR = re.compile(r"\b(?:twice|double|triple|quadruple)\b", re.IGNORECASE)
_WEIGHTS = re.compile(
    r"\b(?:with|using|use|try|take|run|load)\s+(?:the\s+|those\s+)?(?P<name>[\w.-]+(?:[ -][jr]\b)?)"
    r"\s+(?:weights?|checkpoints?|model)\b"
    r"|\b(?P<known>(?:deblur-)?(?:mssnet-)?realblur[ -]?[jr])\b",
    re.IGNORECASE,
)
_NO_NAMES = frozenset({"bundled", "default", "your", "own", "these", "other", "same", "better", "best", "different"})
_STRENGTH = re.compile(
    r"\bstrength (?:of |to |at )?(?P<share>[01](?:\.\d+)?|\.\d+)(?!\w)|\b(?P<percent>\d{1,3}) ?(?:%|per ?cent\b)",
    re.IGNORECASE,
)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "latest": -1}
_WHICH = re.compile(
    rf"\b(?P<word>{'|'.join(_ORDINALS)}) (?:one|photo|picture|image|pic|shot)\b|\b(?P<id>photo-\d+)\b", re.IGNORECASE
)


@cache
def _phrases() -> dict[str, Phrases]:
    return {name: Phrases(phrases) for name, phrases in read_data("photo_wishes.toml").items()}


def _says(text: str, *kinds: str) -> bool:
    """Whether a text holds a phrase of every one of some kinds."""
    return all(text.replace("’", "'") in _phrases()[kind] for kind in kinds)


Action = Literal["restore", "describe", "undo", "await", "refuse"]


@dataclass(frozen=True)
class PhotoWish:
    """What is to be done with which photos."""

    action: Action
    photos: tuple[str, ...] = ()  # ids
    checkpoint: str | None = None
    enlarge: int = 1
    strength: float = 1.0
    problem: str = ""  # of a refusal: why it can't be done, and what can
    also_asked: bool = False  # the message holds a question beside the photo
    refused: tuple[str, ...] = ()  # lines on files that came along and are no photos

    def call(self, photo: str) -> dict[str, object]:
        """The arguments of `restore_photo` for one of the photos."""
        args: dict[str, object] = {"photo": photo}
        if self.checkpoint is not None:
            args["checkpoint"] = self.checkpoint
        if self.enlarge != 1:
            args["enlarge"] = self.enlarge
        if self.strength != 1:
            args["strength"] = self.strength
        return args


def read_photo_wish(messages: Sequence[BaseMessage]) -> PhotoWish | None:
    """What the user's last message wants done with photos; None when it is about something else."""
    place = max((n for n, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    if place < 0:
        return None
    message, before = messages[place], messages[:place]
    text = "" if message.additional_kwargs.get(WORDLESS) else str(message.text).strip()
    came = [Picture(**picture) for picture in message.additional_kwargs.get(PHOTOS, [])]
    if came:
        refused = tuple(message.additional_kwargs.get(REFUSED, ()))
        handling = message.additional_kwargs.get(HANDLING) or {}
        return _with_new(text, PhotoWish("restore", tuple(one.id for one in came), refused=refused, **handling))
    held = pictures_in(before)
    if not held:
        inviting = len(text.split()) <= _INVITING_WORDS and _says(text, "ask_us", "bring") and not _EXPLAIN.search(text)
        return PhotoWish("await") if inviting else None
    if len(text.split()) > _WORDS:
        return None
    return _about_held(text, held, standing_results(tried_in(before)))


def _with_new(text: str, wish: PhotoWish) -> PhotoWish:
    """Photos that came with this message are restored, as its words say."""
    wish = _changed(text, wish)
    asked = _ASKS.search(text) is not None or (len(text.split()) > _WORDS and "?" in text)
    return replace(wish, also_asked=asked and wish.action == "restore")


def _about_held(text: str, held: Sequence[Picture], results: Sequence[Result]) -> PhotoWish | None:
    """A message without a photo, in a conversation that has some."""
    latest = results[-1] if results else None
    photo = _which(text, held) or ((latest.photo if latest else held[-1].id),)
    if _says(text, "undo"):
        return PhotoWish("undo", photo)
    if results and _says(text, "describe"):
        return PhotoWish("describe", photo)
    if _ASKS.search(text):
        return None
    last = next((result for result in reversed(results) if result.photo == photo[0]), None)
    earlier = PhotoWish("restore", photo)
    if last is not None:
        earlier = replace(earlier, checkpoint=last.asked_checkpoint, enlarge=last.enlarge, strength=last.strength)
    changed = _changed(text, earlier)
    if changed != earlier or _says(text, "again"):
        return changed
    if _says(text, "do") and (_says(text, "picture") or _which(text, held) or len(text.split()) <= 3):
        return PhotoWish("restore", photo)
    return None


def _which(text: str, held: Sequence[Picture]) -> tuple[str, ...]:
    """The photos that a message points at, none when it points at none."""
    found = _WHICH.search(text)
    if found and found["id"]:
        return tuple(picture.id for picture in held if picture.id == found["id"].lower())
    if found:
        place = _ORDINALS[found["word"].lower()]
        return (held[place].id,) if -len(held) <= place < len(held) else ()
    named = tuple(
        picture.id for picture in held if len(picture.name) > 4 and picture.name.casefold() in text.casefold()
    )
    return tuple(picture.id for picture in held) if _says(text, "all") and not named else named


def _changed(text: str, wish: PhotoWish) -> PhotoWish:
    """The wish with the size, the weights and the strength that a message asks for."""
    times = _times(text)
    if times is not None:
        if times not in range(1, LARGEST_ENLARGEMENT + 1):
            return replace(
                wish,
                action="refuse",
                problem=f"I can enlarge a photo 2, 3 or {LARGEST_ENLARGEMENT} times, not {times:g}.",
            )
        wish = replace(wish, enlarge=int(times))
    weights = _weights(text)
    if weights is not None:
        wish = replace(wish, checkpoint=weights)
    strength = _strength(text, wish.strength)
    return wish if strength is None else replace(wish, strength=strength)


def _times(text: str) -> float | None:
    """How many times larger the photo is to be; 2 where no number is given, None where it isn't to be."""
    if _says(text, "original_size"):
        return 1.0
    wanted = _says(text, "enlarge")
    counted = _TIMES.search(text) or (_FACTOR.search(text) if wanted else None)
    if counted:
        number = next(part for part in (*counted.groups(), counted.group()) if part).lower()
        return float(_NUMBERS.get(number, 0) or number)
    return 2.0 if wanted else None


def _weights(text: str) -> str | None:
    found = _WEIGHTS.search(text)
    if not found:
        return None
    name = canonical_name((found["name"] or found["known"]).replace(" ", "-"))
    return name if NAME_RULE.fullmatch(name) and name not in _NO_NAMES else None


def _strength(text: str, before: float) -> float | None:
    found = _STRENGTH.search(text)
    if found:
        share = float(found["share"]) if found["share"] else float(found["percent"]) / 100
        return share if 0 <= share <= 1 else None
    if _says(text, "weaker"):
        return round(before / 2, 3)
    return min(1.0, round(before * 2, 3)) if _says(text, "stronger") else None
