"""What a turn of a conversation may do with photos; set by us for the whole turn, never by a model."""

import threading
from dataclasses import dataclass, field

from bot.photos.album import Album
from bot.photos.darkroom import Darkroom

HANDLING = "handling"  # the key under which a user's message carries how its photos are to be restored


@dataclass(frozen=True)
class Handling:
    """How photos are to be restored, as a program says it: in numbers rather than words."""

    checkpoint: str | None = None
    enlarge: int = 1
    strength: float = 1.0


@dataclass(frozen=True)
class TurnPhotos:
    """The conversation's photos and where they are restored."""

    album: Album
    darkroom: Darkroom
    stop: threading.Event = field(default_factory=threading.Event)  # set by whoever no longer wants the answer
