"""What the tools do, for one owner; MCP itself is not known here."""

import contextlib
import mimetypes
import re
import threading
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.answer import Answer
from bot.errors import UserError
from bot.held_to import of_sources
from bot.mcp.photos import Handed
from bot.mcp.restorations import Job, Restorations
from bot.photos.album import Album, Result, Upload
from bot.service import Bot, Request, Step
from bot.settings import Settings
from bot.sharing.ownership import ID
from bot.sharing.setup import Sharing
from store.model import Scope, Source
from store.store import Store

_QUOTES = 4  # of each source that a search finds
_ADDRESS = re.compile(r"unblur://threads/([0-9a-f]{32})/photos/([\w.-]{1,40})")


class Desk:
    """The bot as agents of other programs use it.

    A conversation's id is drawn here and belongs to the owner it was drawn for; a photo's id, such as photo-1, means
    something in its conversation alone, so that it needs no owner of its own.
    """

    def __init__(self, settings: Settings, sharing: Sharing, bot: Future[Bot], *, local: bool) -> None:
        """bot: done when it can answer, or holds the error for which it cannot.

        local: whoever asks sits at this machine, sees the paths of results, and may send as many photos as they like.
        """
        self.settings = settings
        self.restorations = Restorations(settings.max_waiting)
        self._sharing = sharing
        self._bot = bot
        self._local = local
        self._asking: Counter[str] = Counter()
        self._lock = threading.Lock()

    def ask(
        self,
        owner: str,
        question: str,
        thread: str | None,
        brief: str | None,
        sources: Collection[str],
        handed: Handed,
        stop: threading.Event,
    ) -> Iterator[Step | Answer]:
        """Answer a question, telling the steps on the way; raises UserError."""
        thread = self._own_thread(thread, owner) if thread else None
        with self._one_more(owner):
            bot = self._bot.result()
            asked, supplied = _question(question, brief, bot.store)
            upload = handed.upload(self._sharing.upload_bytes) or self._kept(handed.photo, thread)
            if upload:
                self._count_photo(owner)
            request = Request(
                asked, thread=thread or self._new_thread(owner), brief=brief or None, supplied=supplied,
                held_to=of_sources(bot.store, sources, brief), photos=(upload,) if upload else (), stop=stop,
            )  # fmt: skip
            for event in bot.stream(request):
                if isinstance(event, Answer):
                    yield self._for_outside(event)
                elif isinstance(event, Step):
                    yield event

    def search(self, query: str, limit: int) -> list[dict[str, Any]]:
        """The sources that fit a query best, with exact sentences of each; raises UserError."""
        if not query.strip():
            raise UserError("the query is empty: write what to look for")
        found = self._bot.result().store.search(query, sources=limit, passages=_QUOTES)
        quotes: dict[str, list[str]] = {}
        for evidence in found:
            quotes.setdefault(evidence.source.source_id, []).append(evidence.quote)
        sources = {evidence.source.source_id: evidence for evidence in found}
        return [
            {**about(one.source), "score": round(one.source_score, 4), "quotes": quotes[key]}
            for key, one in sources.items()
        ]

    def sources(self, brief: str | None = None) -> list[Source]:
        """Every source, or those of a brief; raises UserError when there is no such brief."""
        store = self._bot.result().store
        if brief:
            _check_brief(brief, store)
        return store.sources(Scope(briefs=frozenset({brief})) if brief else None)

    def source(self, source_id: str) -> Source | None:
        """The source of that id."""
        found = self._bot.result().store.sources(Scope(source_ids=frozenset({source_id})))
        return found[0] if found else None

    def restore(
        self, owner: str, handed: Handed, thread: str | None, checkpoint: str | None, enlarge: int, strength: float
    ) -> Job:
        """Begin to restore a photo; raises UserError."""
        thread = self._own_thread(thread, owner) if thread else None
        darkroom = self._bot.result().darkroom
        upload = handed.upload(self._sharing.upload_bytes)
        if upload:
            self._count_photo(owner)
            thread = thread or self._new_thread(owner)
            photo = darkroom.take_in(darkroom.album(thread), upload).id
        elif not handed.photo:
            raise UserError("there is no photo: give its content, or its id with the thread that it belongs to")
        elif thread is None:
            raise UserError(f"whose {handed.photo[:40]!r} is it? give the thread that the photo belongs to, too")
        else:
            photo = darkroom.album(thread).picture(handed.photo).id
        album = darkroom.album(thread)

        def work(job: Job) -> Result:
            return darkroom.restore(
                album,
                photo,
                checkpoint or None,
                enlarge,
                strength,
                progress=lambda step: setattr(job, "progress", step),
            )

        return self.restorations.start(owner, thread, photo, work)

    def report(self, job: Job) -> dict[str, Any]:
        """What is known of a restoration by now; raises what it failed with."""
        told: dict[str, Any] = {"id": job.id, "thread": job.thread, "photo": job.photo, "done": job.result.done()}
        if not job.result.done():
            left = job.progress.remaining_s if job.progress else None
            seconds_left = None if left is None else round(left, 1)
            return {**told, "fraction": round(job.fraction, 3), "seconds_left": seconds_left, "result": None}
        result = job.result.result()
        made = {name: value for name, value in asdict(result).items() if name not in ("id", "file", "asked_checkpoint")}
        return {**told, "fraction": 1.0, "seconds_left": 0.0, "result": {**made, **self._where(job.thread, result)}}

    def photo(self, owner: str, address: str) -> tuple[bytes, str]:
        """A photo or result of the owner's by its address, and its media type; raises UserError."""
        if not (found := _ADDRESS.fullmatch(address)):
            raise UserError(f"there is no {address[:80]!r}: take the address that a result came with")
        album = self._album(self._own_thread(found[1], owner))
        path = album.path(found[2])
        return path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream"

    def link(self, answer: Answer) -> tuple[str, str] | None:
        """Address and name of the result that an answer tells of."""
        if answer.restoration is None or answer.thread is None:
            return None
        return photo_address(answer.thread, Path(answer.restoration.output_path).name), answer.restoration.name

    def _for_outside(self, answer: Answer) -> Answer:
        """The answer without a path of this machine, where its reader sits at another."""
        made = answer.restoration
        if made is None or answer.thread is None or self._local:
            return answer
        address = photo_address(answer.thread, Path(made.output_path).name)
        return answer.model_copy(update={"restoration": made.model_copy(update={"output_path": address})})

    def _where(self, thread: str, result: Result) -> dict[str, str]:
        where = {"address": photo_address(thread, result.file)}
        return {**where, "path": str(self._album(thread).folder / result.file)} if self._local else where

    def _kept(self, photo: str | None, thread: str | None) -> Upload | None:
        """A photo of the conversation, to come with a question once more."""
        if not photo:
            return None
        if thread is None:
            raise UserError(f"whose {photo[:40]!r} is it? give the thread that the photo belongs to, too")
        album = self._album(thread)
        picture = album.picture(photo)
        return Upload(picture.name, album.path(picture.file).read_bytes())

    def _count_photo(self, owner: str) -> None:
        if not self._local:
            self._sharing.photos.take(owner)

    def _album(self, thread: str) -> Album:
        return self._bot.result().darkroom.album(thread)

    def _new_thread(self, owner: str) -> str:
        thread = uuid.uuid4().hex
        self._sharing.note_thread(thread, owner)
        return thread

    def _own_thread(self, thread: str, owner: str) -> str:
        if not ID.fullmatch(thread) or self._sharing.ownership.owner_of(thread) != owner:
            raise UserError(
                f"there is no thread {thread[:40]!r} of yours: leave it out to begin one, and go on with what its answer names"
            )
        return thread

    @contextlib.contextmanager
    def _one_more(self, owner: str) -> Iterator[None]:
        with self._lock:
            if self._asking[owner] >= self.settings.max_waiting:
                raise UserError(
                    f"{self._asking[owner]} of your questions wait already: wait until one is answered, then ask again"
                )
            self._asking[owner] += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking[owner] -= 1


def photo_address(thread: str, file: str) -> str:
    """Under which address a photo's or result's file is read."""
    return f"unblur://threads/{thread}/photos/{file}"


def about(source: Source) -> dict[str, Any]:
    """What is told of a source without its text."""
    return {name: value for name, value in asdict(source).items() if name != "text"}


def _question(question: str, brief: str | None, store: Store) -> tuple[str, bool]:
    """What is asked, and whether it is the brief's own question; raises UserError."""
    if not brief:
        return question, False
    record = _check_brief(brief, store)
    if question.strip():
        return question, False
    if not record:
        raise UserError(f"{brief[:80]!r} asks no question of its own: write one")
    return record, True


def _check_brief(brief: str, store: Store) -> str | None:
    """The question of a brief; raises UserError when there is no such brief."""
    for record in store.briefs():
        if record.name == brief:
            return record.question
    raise UserError(f"there is no brief {brief[:80]!r} in the store: leave it out to use every source")
