"""Twenty people talk to one bot at once: everybody gets what they would have got alone, and nothing of anybody else's."""

import io
import re
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bot.photos.album import Upload
from bot.service import Bot, Request
from bot.settings import Settings
from store.store import Store

PEOPLE = 20
SUBJECTS = ("CausalSR", "FeatSharp", "MSSNet", "RealBlur")
FOLLOW_UPS = (
    "Does it have code?",
    "How does it work?",
    "Which paper belongs to it?",
    "What is the capital of France?",
    "How is it different from CausalSR?",
)


@dataclass(frozen=True)
class Said:
    """A turn of somebody's: words, and a photo of a size that nobody else's has."""

    words: str
    photo: Upload | None = None


def conversation(number: int) -> list[Said]:
    """What person `number` says; the first seven bring a photo."""
    turns = [
        Said(f"Tell me about {SUBJECTS[number % len(SUBJECTS)]}"),
        Said(FOLLOW_UPS[number % len(FOLLOW_UPS)]),
    ]
    if number < 7:
        turns.insert(1, Said("Can you sharpen this one?", Upload(f"photo-of-{number}.png", photo(number))))
        turns.append(Said("What did you do to my photo?"))
    return turns


def photo(number: int) -> bytes:
    """A picture of noise, as wide as its owner's number says."""
    pixels = np.random.default_rng(number).integers(0, 256, (32, 32 + number, 3), dtype=np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG")
    return encoded.getvalue()


def talk(bot: Bot, number: int, thread: str) -> list[dict[str, Any]]:
    """A person's whole conversation; returns the answers without what differs from one run to the next."""
    return [
        comparable(bot.ask(Request(turn.words, thread=thread, photos=(turn.photo,) if turn.photo else ())), thread)
        for turn in conversation(number)
    ]


def comparable(answer: Any, thread: str) -> dict[str, Any]:
    """An answer as plain data, with neither its times nor where its files are."""
    assert answer.thread == thread
    plain: dict[str, Any] = answer.model_dump(mode="json", exclude={"seconds", "thread"})
    if plain["restoration"]:
        plain["restoration"] = {
            name: value for name, value in plain["restoration"].items() if name not in ("seconds", "output_path")
        }
    plain["answer"] = without_seconds(plain["answer"])
    return plain


def without_seconds(text: str) -> str:
    """An answer's words without how long a restoration took."""
    return re.sub(r"\d+(?:\.\d+)? (?:s|seconds?)\b", "… s", text)


def test_twenty_conversations_at_once_are_what_each_is_alone(store: Store, tmp_path: Path) -> None:
    alone_bot, bot = Bot(store, Settings(home=tmp_path / "alone")), Bot(store, Settings(home=tmp_path / "together"))
    alone = [talk(alone_bot, number, uuid.uuid4().hex) for number in range(PEOPLE)]
    threads = [uuid.uuid4().hex for _ in range(PEOPLE)]
    together: dict[int, list[dict[str, Any]]] = {}
    start = threading.Barrier(PEOPLE)

    def person(number: int) -> None:
        start.wait()
        together[number] = talk(bot, number, threads[number])

    people = [threading.Thread(target=person, args=(number,)) for number in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    for number in range(PEOPLE):
        assert together.get(number) == alone[number], f"conversation {number} is not what it is alone"
    for number, thread in enumerate(threads):
        assert [one.question for one in bot.exchanges(thread)] == [turn.words for turn in conversation(number)]
        album = bot.darkroom.album(thread)
        own = [turn.photo for turn in conversation(number) if turn.photo]
        assert [picture.name for picture in album.pictures()] == [upload.name for upload in own]
        assert [result.width for result in album.results()] == [32 + number for _ in own]
        for upload, picture in zip(own, album.pictures(), strict=True):
            assert album.path(picture.file).read_bytes() == upload.data
        for exchange in bot.exchanges(thread):
            assert exchange.answer is not None
            cited = {citation.source_id for citation in exchange.answer.citations}
            assert cited <= exchange.sources.keys() | {reference.source_id for reference in exchange.answer.references}
