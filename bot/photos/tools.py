"""The agent's tools for photos: `restore_photo` and `undo_restoration`, and what they did, read off a conversation.

A photo is named by its id in the conversation; no tool takes or gives a path.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from langchain.tools import ToolRuntime
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool

from bot.photos.album import Album, Picture, Result
from bot.tools import TurnContext
from restore.errors import PhotoError, RestoreError

if TYPE_CHECKING:
    from restore.restorer import Progress

RESTORE = "restore_photo"
UNDO = "undo_restoration"
PHOTOS = "photos"  # the key under which a user's message carries the photos that came with it
REFUSED = "refused_photos"  # and the lines on files that came with it and are none
WORDLESS = "wordless"  # and whether the photos came without a word

_Said = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Tried:
    """One call of a photo tool: what it made, or took back, or why it could not."""

    tool: str
    photo: str
    result: Result | None = None  # of a restoration; of an undoing, the result that was taken back
    error: str = ""


@dataclass(frozen=True)
class RestorationProgress:
    """How far a restoration is, told while it runs."""

    name: str  # of the photo
    done: int  # tiles
    total: int
    remaining_s: float | None
    waiting: bool = False  # for another photo to be done
    expected: str = ""  # of a large photo, before its first tile is done: its size and how long it is likely to take

    @property
    def text(self) -> str:
        """In words for the user."""
        if self.waiting:
            return f"{self.name} waits for another photo to be done…"
        if self.remaining_s is None and self.expected:
            return f"Restoring {self.name}: {self.expected}"
        if self.remaining_s is None:
            tiles = f"{self.total} tile{'' if self.total == 1 else 's'}"
            return f"Restoring {self.name}: {tiles}…"
        if self.done == self.total:
            return f"Restoring {self.name}: writing the result, about {duration(self.remaining_s)} left"
        return f"Restoring {self.name}: tile {self.done} of {self.total}, about {duration(self.remaining_s)} left"


def photo_tools() -> list[BaseTool]:
    """`restore_photo(photo, checkpoint?, enlarge?, strength?)` and `undo_restoration(photo)`, bound to the turn's album."""

    @tool(RESTORE, response_format="content_and_artifact")
    def restore_photo(
        photo: str,
        runtime: ToolRuntime[TurnContext],
        checkpoint: str | None = None,
        enlarge: int = 1,
        strength: float = 1.0,
    ) -> _Said:
        """Sharpen a photo of this conversation with MSSNet, a deblurring network.

        photo: its id, such as photo-1. checkpoint: the name of the weights to run, nothing for the bundled ones.
        enlarge: 1 to 4 times as wide and high, by Lanczos before the network. strength: 0 (as it is) to 1 (the network's result).
        """
        photos = runtime.context.photos
        if photos is None:
            return _said(Tried(RESTORE, photo, error="no photo can be restored here"))
        tell = runtime.stream_writer
        likely = ""

        def progress(step: "Progress") -> None:
            tell(RestorationProgress(name, step.done, step.total, step.remaining_s, expected=likely))

        def expected(megapixels: float, seconds: float) -> None:
            nonlocal likely
            likely = f"{megapixels:.0f} megapixels, about {duration(seconds)} on this machine; Stop ends it at any time"

        try:
            name = photos.album.picture(photo).name
            result = photos.darkroom.restore(
                photos.album, photo, checkpoint or None, enlarge, strength, progress=progress,
                waiting=lambda: tell(RestorationProgress(name, 0, 1, None, waiting=True)),
                expected=expected, cancelled=photos.stop.is_set,
            )  # fmt: skip
        except (RestoreError, ValueError) as error:
            return _said(Tried(RESTORE, photo, error=str(error)))
        except MemoryError:
            return _said(Tried(RESTORE, photo, error="it takes more memory than there is: try a smaller photo"))
        return _said(Tried(RESTORE, photo, result))

    @tool(UNDO, response_format="content_and_artifact")
    def undo_restoration(photo: str, runtime: ToolRuntime[TurnContext]) -> _Said:
        """Go back from the last result of a photo to what was there before it. The photo itself was never changed.

        photo: its id, such as photo-1.
        """
        photos = runtime.context.photos
        if photos is None:
            return _said(Tried(UNDO, photo, error="there are no photos here"))
        standing = _standing(photos.album, photo, list(runtime.state.get("messages", [])))
        error = "" if standing else "nothing was done to it that could be undone"
        return _said(Tried(UNDO, photo, standing[-1] if standing else None, error))

    return [restore_photo, undo_restoration]


def tried_in(messages: Iterable[BaseMessage]) -> list[Tried]:
    """What the photo tools did among `messages`, in order."""
    return [
        _unpacked(message.artifact)
        for message in messages
        if isinstance(message, ToolMessage) and message.name in (RESTORE, UNDO) and message.artifact
    ]


def standing_results(tried: Iterable[Tried]) -> list[Result]:
    """The results that were not undone, oldest first."""
    standing: list[Result] = []
    for one in tried:
        if one.result is None:
            continue
        if one.tool == RESTORE:
            standing.append(one.result)
        else:
            standing = [result for result in standing if result.id != one.result.id]
    return standing


def pictures_in(messages: Iterable[BaseMessage]) -> list[Picture]:
    """The photos that came with the user's messages, oldest first."""
    return [
        Picture(**picture)
        for message in messages
        if isinstance(message, HumanMessage)
        for picture in message.additional_kwargs.get(PHOTOS, [])
    ]


def duration(seconds: float) -> str:
    """`20 s`, `3 min`: a time as people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def _standing(album: Album, photo: str, messages: Sequence[BaseMessage]) -> list[Result]:
    try:
        album.picture(photo)
    except PhotoError:
        return []
    return [result for result in standing_results(tried_in(messages)) if result.photo == photo]


def _said(tried: Tried) -> _Said:
    """What a model reads of a call, and what is kept of it as plain data."""
    result = asdict(tried.result) if tried.result else None
    packed = {"tool": tried.tool, "photo": tried.photo, "result": result, "error": tried.error}
    if tried.error:
        return json.dumps({"error": tried.error}), packed
    assert tried.result is not None
    kept = (
        "id",
        "photo",
        "checkpoint",
        "note",
        "enlarge",
        "strength",
        "width",
        "height",
        "tiles",
        "seconds",
        "measured",
    )
    shown = {name: value for name, value in asdict(tried.result).items() if name in kept}
    return json.dumps({"done": "undone" if tried.tool == UNDO else "restored", **shown}, ensure_ascii=False), packed


def _unpacked(packed: dict[str, Any]) -> Tried:
    result = packed["result"]
    made = Result(**{**result, "notes": tuple(result["notes"])}) if result else None
    return Tried(packed["tool"], packed["photo"], made, packed["error"])
