"""`unblur ask`: one question, one grounded answer."""

import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bot.answer import Answer
from bot.errors import UserError
from bot.held_to import of_sources
from bot.offers import questions_from
from bot.opening import opened_store, read_brief, store_of, tell
from bot.photos.album import Upload
from bot.service import Bot, Request, Step, check_question
from bot.settings import Settings, load_settings
from store.store import Store

_LAST = "last-thread"  # the file below the data folder that remembers the last conversation's name


def ask(
    question: str | None,
    *,
    brief: str | None,
    sources: Sequence[str] = (),
    photos: Sequence[Path] = (),
    thread: str | None,
    last: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Answer a question on standard output, as Markdown or JSON."""
    settings = load_settings()
    if last:
        thread = thread or _last_thread(settings)
    text = sys.stdin.read() if question == "-" else question
    if text is not None:
        check_question(text, settings.max_question_characters)  # before anything slow
    elif brief is None and not photos:
        raise UserError(
            "there is no question: write it after `unblur ask`, or give --brief FILE to answer the brief's own"
        )
    uploads = tuple(_upload(photo) for photo in photos)
    with contextlib.ExitStack() as stack:
        store, request = _prepared(text, brief, sources, thread, settings, stack)
        bot = Bot(store, settings, keep_threads=thread is not None)
        answer = _watched(bot, replace(request, photos=uploads), quiet)
        offered = questions_from(store, answer)
    if thread is not None:
        (settings.home / _LAST).write_text(thread, encoding="utf-8")
    if as_json:
        print(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False, indent=2))
    else:
        _print(answer, offered, quiet)


def _upload(photo: Path) -> Upload:
    try:
        return Upload(photo.name, photo.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read {photo}: {error.strerror or error}") from error


def _watched(bot: Bot, request: Request, quiet: bool) -> Answer:
    """The answer; on a terminal the steps on the way to it show on standard error."""
    shown = not quiet and sys.stderr.isatty()
    for event in bot.stream(request):
        if isinstance(event, Answer):
            if shown:
                print("\r\033[K", end="", file=sys.stderr)
            return event
        if shown and isinstance(event, Step):
            print(f"\r\033[K{event.text}", end="", file=sys.stderr, flush=True)
    raise AssertionError("a turn ends with its answer")


def _prepared(
    text: str | None,
    brief: str | None,
    sources: Sequence[str],
    thread: str | None,
    settings: Settings,
    stack: contextlib.ExitStack,
) -> tuple[Store, Request]:
    """The store to answer from and what to ask it; a brief's file needs only its own sources."""
    if brief is not None and (Path(brief).exists() or "/" in brief):
        if sources:
            raise UserError("--source chooses among the store's sources: leave it out beside a brief's file")
        read = read_brief(Path(brief))
        own = text is None
        asked = text if text is not None else _question_of(read.question, read.name)
        store = store_of(read, settings)
        stack.callback(store.close)
        return store, Request(asked, thread=thread, brief=read.name, store=store, supplied=own)
    store = stack.enter_context(opened_store(settings, fill=True))
    if brief is None:
        return store, Request(text or "", thread=thread, held_to=of_sources(store, sources))
    record = next((one for one in store.briefs() if one.name == brief), None)
    if record is None:
        raise UserError(f"there is no file {brief}, and no brief of that name in the store: see `unblur sources`")
    asked = text if text is not None else _question_of(record.question, record.name)
    held_to = of_sources(store, sources, brief)
    return store, Request(asked, thread=thread, brief=brief, held_to=held_to, supplied=text is None)


def _question_of(question: str | None, name: str) -> str:
    if not question:
        raise UserError(f"{name} asks no question of its own: write one after `unblur ask`")
    return question


def _last_thread(settings: Settings) -> str:
    try:
        return (settings.home / _LAST).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError("there is no conversation to continue: start one with `unblur ask --thread NAME`") from error


def _print(answer: Answer, offered: Sequence[str], quiet: bool) -> None:
    """The answer for a person: Markdown, formatted on a terminal, then the quotes behind its markers.

    offered: what can be asked instead of a question that was refused.
    """
    quotes = "\n".join(f"[{one.marker}] {one.source_id}: {' '.join(one.quote.split())}" for one in answer.citations)
    if offered:
        quotes = f"You could ask: {' · '.join(offered)}"
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        console = Console()
        console.print(Markdown(answer.answer))
        if quotes:
            console.print(f"\n{quotes}", style="dim", markup=False, highlight=False)
    else:
        print(f"{answer.answer}\n\n{quotes}" if quotes else answer.answer)
    if answer.restoration and not quiet:
        tell(f"the result: {answer.restoration.output_path}")
    if answer.removed and not quiet:
        tell(f"{len(answer.removed)} statement(s) were taken out by the grounding check; --json shows them")
