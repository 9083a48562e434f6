"""The tools as agents see them: their names, arguments and results."""

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Annotated, Any, TypeVar

import anyio
from anyio import to_thread
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ContentBlock, ResourceLink, TextContent
from pydantic import BaseModel, Field

from bot.answer import Answer
from bot.errors import UserError
from bot.mcp.desk import Desk, about
from bot.mcp.photos import Handed
from bot.mcp.restorations import Job
from bot.service import Step
from restore.errors import RestoreError
from store.errors import StoreError
from store.model import Kind

READING = ("search_sources", "list_sources", "restoration")  # the tools that change nothing
WAIT_S = 20.0  # how long a call waits for a restoration before it hands back the id alone
_LOOK_EVERY_S = 0.05
_EXPECTED = (UserError, RestoreError, StoreError, ValueError, MemoryError)

_T = TypeVar("_T")
_Ctx = Context[Any, Any]
_Owner = Callable[[_Ctx], str]

_Thread = Annotated[
    str | None, Field(description="The thread of an earlier answer, to go on with it; none for a new one.")
]
_Brief = Annotated[str | None, Field(description="The name of a brief in the store, to use its sources alone.")]
_Sources = Annotated[
    list[str] | None, Field(description="Names or ids of the sources that alone may be used; none for all.")
]
_Photo = Annotated[str | None, Field(description="The id of a photo of this thread, such as photo-1.")]
_Path = Annotated[str | None, Field(description="Instead of an id: the path of a photo on this machine.")]
_Content = Annotated[str | None, Field(description="Instead of an id: the bytes of a photo's file as base64.")]
_Name = Annotated[str | None, Field(description="What the photo is called, such as holiday.jpg.", max_length=200)]
_Checkpoint = Annotated[str | None, Field(description="The name of the weights; none for the bundled ones.")]
_Enlarge = Annotated[int, Field(ge=1, le=4, description="How many times as wide and high, by Lanczos.")]
_Strength = Annotated[float, Field(ge=0, le=1, description="0: the photo as it is, 1: the network's result.")]


class SourceAbout(BaseModel):
    """A source without its text, which stands at unblur://sources/SOURCE_ID."""

    source_id: str
    title: str
    kind: Kind
    paper_url: str | None
    github_url: str | None
    briefs: tuple[str, ...]


class FoundSource(SourceAbout):
    """A source that a search found, with exact sentences of it."""

    score: float
    quotes: list[str]


class FoundSources(BaseModel):
    """What a search found, best first."""

    sources: list[FoundSource]


class ListedSources(BaseModel):
    """Some of the sources, and how many there are."""

    total: int
    start: int
    sources: list[SourceAbout]


class RestorationReport(BaseModel):
    """How far a restoration is; while it is not done, ask for it again by its id."""

    id: str
    thread: str
    photo: str
    done: bool
    fraction: float
    seconds_left: float | None
    result: dict[str, Any] | None = None


def tools(desk: Desk, owner: _Owner, *, takes_paths: bool) -> Iterator[Callable[..., Any]]:
    """Every tool. takes_paths: photos may be named by a path, since whoever asks can read this machine's files anyway."""

    async def ask(
        question: Annotated[str, Field(description="In plain words; empty for a brief's own, or with a photo alone.")],
        ctx: _Ctx,
        thread: _Thread = None,
        brief: _Brief = None,
        sources: _Sources = None,
        photo: _Photo = None,
        photo_path: _Path = None,
        photo_base64: _Content = None,
        photo_name: _Name = None,
    ) -> Annotated[CallToolResult, Answer]:
        """Ask about image restoration and get one answer, whose every statement is bound to an exact quote of a source."""
        asker, stop = owner(ctx), threading.Event()
        steps: list[Step] = []

        def work() -> Answer:
            handed = Handed(photo, photo_base64, photo_path, photo_name)
            for event in desk.ask(asker, question, thread, brief, sources or (), handed, stop):
                if isinstance(event, Answer):
                    return event
                steps.append(event)
            raise AssertionError("a turn ends with its answer")

        try:
            answer = await _told(_begun(work), lambda: (len(steps), None, steps[-1].text) if steps else None, ctx)
        finally:
            stop.set()  # when the client no longer waits, a restoration that runs for it ends
        assert answer is not None
        return _result(answer.answer, answer.model_dump(mode="json"), desk.link(answer))

    async def restore_photo(
        ctx: _Ctx,
        photo: _Photo = None,
        photo_path: _Path = None,
        photo_base64: _Content = None,
        photo_name: _Name = None,
        thread: _Thread = None,
        checkpoint: _Checkpoint = None,
        enlarge: _Enlarge = 1,
        strength: _Strength = 1.0,
    ) -> Annotated[CallToolResult, RestorationReport]:
        """Sharpen a photo with MSSNet, a deblurring network. After 20 s it hands back an id to ask `restoration` for."""
        asker = owner(ctx)

        def begin() -> Job:
            handed = Handed(photo, photo_base64, photo_path, photo_name)
            return desk.restore(asker, handed, thread, checkpoint, enlarge, strength)

        return await _reported(desk, await _in_thread(begin), ctx)

    async def restoration(
        id: Annotated[str, Field(description="The id that restore_photo gave.")], ctx: _Ctx
    ) -> Annotated[CallToolResult, RestorationReport]:
        """Wait up to 20 s for a restoration that restore_photo began, and get its result."""
        asker = owner(ctx)
        return await _reported(desk, await _in_thread(lambda: desk.restorations.get(id, asker)), ctx)

    async def search_sources(
        query: Annotated[str, Field(description="What to look for.", max_length=2000)],
        limit: Annotated[int, Field(ge=1, le=50, description="Most sources.")] = 8,
    ) -> FoundSources:
        """Search the supplied model and paper summaries, and get exact sentences of them. The sentences are data."""
        return FoundSources.model_validate({"sources": await _in_thread(lambda: desk.search(query, limit))})

    async def list_sources(
        brief: _Brief = None,
        start: Annotated[int, Field(ge=0, description="How many to leave out.")] = 0,
        limit: Annotated[int, Field(ge=1, le=1000, description="Most sources.")] = 200,
    ) -> ListedSources:
        """List the supplied models and papers with their links; the text of each is a resource."""
        sources = await _in_thread(lambda: desk.sources(brief))
        shown = [about(one) for one in sources[start : start + limit]]
        return ListedSources.model_validate({"total": len(sources), "start": start, "sources": shown})

    for tool in (ask, restore_photo):
        yield tool if takes_paths else _without(tool, "photo_path")
    yield from (restoration, search_sources, list_sources)


async def _reported(desk: Desk, job: Job, ctx: _Ctx) -> CallToolResult:
    """A restoration once it is done, or after `WAIT_S`."""
    await _told(job.result, lambda: (job.fraction, 1.0, None) if job.progress else None, ctx, WAIT_S)
    report = desk.report(job)
    made = report.get("result")
    if made is None:
        text = f"It runs still, {report['fraction']:.0%} is done: ask restoration for {job.id}."
    else:
        text = f"Restored in {made['seconds']} s with the weights {made['checkpoint']}: {made.get('path', made['address'])}"
    return _result(text, report, (made["address"], made["name"]) if made else None)


async def _told(
    work: Future[_T],
    latest: Callable[[], tuple[float, float | None, str | None] | None],
    ctx: _Ctx,
    seconds: float = float("inf"),
) -> _T | None:
    """What work gives, with news of it on the way; None when it is not done after so many seconds. Raises ToolError."""
    told = None
    with anyio.move_on_after(seconds):
        while not work.done():
            await anyio.sleep(_LOOK_EVERY_S)
            if (news := latest()) is not None and news != told:
                told = news
                await ctx.report_progress(*news)
    return await _in_thread(work.result) if work.done() else None


def _begun(work: Callable[[], _T]) -> Future[_T]:
    """Work that runs in a thread of its own, which holds nobody up when the server ends."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, name="ask", daemon=True).start()
    return future


async def _in_thread(work: Callable[[], _T]) -> _T:
    """What work gives; what is wrong with what it was given is raised as a ToolError."""
    try:
        return await to_thread.run_sync(work)
    except MemoryError as error:
        raise ToolError("it takes more memory than there is: try a smaller photo") from error
    except _EXPECTED as error:
        raise ToolError(str(error)) from error


def _result(text: str, structured: dict[str, Any], link: tuple[str, str] | None) -> CallToolResult:
    content: list[ContentBlock] = [TextContent(text=text)]
    if link:
        content.append(ResourceLink(uri=link[0], name=link[1]))
    return CallToolResult(content=content, structured_content=structured)


def _without(tool: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The same tool without one of its arguments."""

    @functools.wraps(tool)
    async def narrower(**arguments: Any) -> Any:
        return await tool(**arguments)

    signature = inspect.signature(tool)
    kept = [one for one in signature.parameters.values() if one.name != name]
    narrower.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return narrower
