"""The named endpoints for `gradio_client`: `ask`, `restore`, `sources`, `conversation` and `new_thread`."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from anyio import to_thread
from gradio.events import api
from pydantic import BaseModel, ValidationError

from bot.api.desk import Desk
from bot.errors import UserError
from bot.photos.album import Upload
from bot.photos.turn import Handling
from bot.service import Request
from bot.sharing.people import owner_of_request
from restore.errors import RestoreError
from store.errors import StoreError

Given = TypeVar("Given")


class _Asking(BaseModel):
    """What `ask` is given; Gradio hands over whatever was sent."""

    question: str
    thread: str
    photos: list[dict[str, Any]]
    brief: str
    sources: list[str]


class _Restoring(BaseModel):
    """What `restore` is given."""

    photo: dict[str, Any]
    checkpoint: str
    enlarge: int
    strength: float
    thread: str


class _Reading(BaseModel):
    """What `conversation` is given."""

    thread: str


def add_endpoints(desk: Desk, *, concurrency_limit: int, concurrency_id: str) -> None:
    """Add the endpoints to the blocks that are being built; the limit is that of answers written at the same time."""
    endpoints = _Endpoints(desk)
    for function in (endpoints.ask, endpoints.restore):
        api(function, api_name=function.__name__, concurrency_limit=concurrency_limit, concurrency_id=concurrency_id)
    for quick in (endpoints.sources, endpoints.conversation, endpoints.new_thread):
        api(quick, api_name=quick.__name__, concurrency_limit=concurrency_limit)


class _Endpoints:
    """What each endpoint does; a mistake is one line."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def ask(
        self,
        request: gr.Request,
        question: str,
        thread: str = "",
        photos: list[dict[str, Any]] | None = None,
        brief: str = "",
        sources: list[str] | None = None,
    ) -> dict[str, Any]:
        """Answer a question; the answer is JSON as docs/answer.schema.json says.

        Parameters:
            question: in your own words; may be empty where photos come with it.
            thread: of an earlier answer, to go on with its conversation; empty for a new one.
            photos: files that come with the question.
            brief: name of a brief in the store whose sources alone may be used; empty for every source.
            sources: names or ids of the sources that alone may be used; empty for every source.
        """
        owner = owner_of_request(request)

        def answer(stop: threading.Event) -> dict[str, Any]:
            given = _Asking(
                question=question, thread=thread or "", photos=photos or [], brief=brief or "", sources=sources or []
            )
            uploads = self._uploads(given.photos)
            asked = Request(given.question, thread=given.thread, brief=given.brief, photos=uploads, stop=stop)
            return self.desk.ask(asked, owner, given.sources)

        return await _answered(answer)

    async def restore(
        self,
        request: gr.Request,
        photo: dict[str, Any],
        checkpoint: str = "",
        enlarge: int = 1,
        strength: float = 1.0,
        thread: str = "",
    ) -> dict[str, Any]:
        """Sharpen a photo with MSSNet; the answer is that of `ask`, with the addresses of before, after and result.

        Parameters:
            photo: a file.
            checkpoint: name of the weights, see `unblur checkpoints`; empty for the bundled ones.
            enlarge: 1 to 4 times as wide and high, by Lanczos before the network.
            strength: 0 (the photo as it is) to 1 (the network's result).
            thread: of an earlier answer, to go on with its conversation; empty for a new one.
        """
        owner = owner_of_request(request)

        def answer(stop: threading.Event) -> dict[str, Any]:
            given = _Restoring(
                photo=photo, checkpoint=checkpoint or "", enlarge=enlarge, strength=strength, thread=thread or ""
            )
            handling = Handling(given.checkpoint or None, given.enlarge, given.strength)
            return self.desk.restore(_upload(given.photo), handling, Request("", thread=given.thread, stop=stop), owner)

        return await _answered(answer)

    async def sources(self) -> list[dict[str, Any]]:
        """What the store holds, as `unblur sources --json` prints it."""
        return await _answered(lambda _: self.desk.sources())

    async def conversation(self, request: gr.Request, thread: str) -> dict[str, Any]:
        """A conversation of yours: its title, and its turns with their answers.

        Parameters:
            thread: of one of its answers.
        """
        owner = owner_of_request(request)
        return await _answered(lambda _: self.desk.conversation(_Reading(thread=thread).thread, owner))

    async def new_thread(self, request: gr.Request) -> str:
        """The id of a new conversation, to be given to `ask` and `restore` as thread."""
        owner = owner_of_request(request)
        return await _answered(lambda _: self.desk.new_thread(owner))

    def _uploads(self, files: list[dict[str, Any]]) -> tuple[Upload, ...]:
        most = self.desk.sharing.settings.max_upload_files
        if len(files) > most:
            raise UserError(f"more than {most} photos at once are not taken: send them in turns")
        return tuple(_upload(file) for file in files)


async def _answered(work: Callable[[threading.Event], Given]) -> Given:
    """What `work` gives, in a thread; it is told to stop when nobody waits for it any more."""
    stop = threading.Event()
    try:
        return await to_thread.run_sync(work, stop, abandon_on_cancel=True)
    except (UserError, StoreError, RestoreError) as error:
        raise gr.Error(str(error), print_exception=False) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise gr.Error(f"{place} cannot be used ({first['msg']}): see docs/api.md", print_exception=False) from error
    finally:
        stop.set()


def _upload(file: dict[str, Any]) -> Upload:
    """An uploaded file; the gate let it through only if it is its owner's. Raises UserError for anything else."""
    path = file.get("path")
    if not isinstance(path, str):
        raise UserError("a photo is no uploaded file: upload it first, with handle_file of gradio_client")
    try:
        return Upload(str(file.get("orig_name") or Path(path).name), Path(path).read_bytes())
    except OSError as error:
        raise UserError("the upload is no longer there: add the photo again") from error
