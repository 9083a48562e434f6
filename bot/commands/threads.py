"""`unblur threads`: the conversations that are kept: list, show, export, delete."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import UserError

if TYPE_CHECKING:
    from bot.service import Bot, Exchange

app = typer.Typer(
    help="List, show, export and delete conversations.", rich_markup_mode=None, invoke_without_command=True
)


def complete_thread(beginning: str) -> list[str]:
    """Names of conversations for the shell's completion."""
    from bot.conversations import Conversations
    from bot.settings import load_settings

    file = load_settings().conversations_file
    if not file.is_file():
        return []
    return [one.thread for one in Conversations(file).listed() if one.thread.startswith(beginning)]


Name = Annotated[str, typer.Argument(metavar="THREAD", help="The conversation's name.", autocompletion=complete_thread)]


@app.callback()
def threads(
    context: typer.Context,
    search: Annotated[str, typer.Option(help="Only those that hold these words.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """List conversations, the latest first.

    \b
    unblur threads --search "old photo"
    unblur threads show holiday
    unblur threads export holiday -o holiday.zip
    unblur threads delete holiday
    """
    if context.invoked_subcommand is not None:
        return
    from bot.conversations import Conversations
    from bot.settings import load_settings

    found = Conversations(load_settings().conversations_file).listed(search=search)
    if as_json:
        print(json.dumps([vars(one) for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        print(f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(one.touched))}  {one.thread}  {one.title}")


@app.command()
def show(thread: Name) -> None:
    """Print a conversation as Markdown, with its quotes."""
    from bot.export import markdown

    _, title, exchanges = _opened(thread)
    print(markdown(title, exchanges), end="")


@app.command()
def export(
    thread: Name,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", help="A .zip (with photos), .html, .md or .json file; its sources alone: .bib or .csl.json."
        ),
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT when it exists.")] = False,
) -> None:
    """Write a conversation, or the sources that its answers point to, into a file."""
    from bot.bibliography import bibtex, csl_json, pointed_to
    from bot.export import archive, as_json, markdown
    from bot.export_html import as_html
    from restore.files import whole_file

    bot, title, exchanges = _opened(thread)
    match out.suffix.lower():
        case ".zip":
            data = archive(title, thread, exchanges, bot.darkroom.album(thread))
        case ".html":
            data = as_html(title, exchanges, bot.darkroom.album(thread)).encode()
        case ".md":
            data = markdown(title, exchanges).encode()
        case ".bib":
            data = bibtex(pointed_to(exchanges)).encode()
        case ".json" if out.name.lower().endswith(".csl.json"):
            data = csl_json(pointed_to(exchanges)).encode()
        case ".json":
            data = as_json(title, thread, exchanges).encode()
        case _:
            raise UserError(
                f"cannot tell the form of {out}: end its name in .zip, .html, .md, .json, .bib or .csl.json"
            )
    try:
        with whole_file(out, overwrite) as part:
            part.write_bytes(data)
    except FileExistsError:
        raise UserError(f"{out} exists: give --overwrite to replace it, or another name") from None
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}") from error


@app.command()
def opinions() -> None:
    """Print what was thought of answers, one JSON object a line."""
    from bot.conversations import Conversations
    from bot.settings import load_settings

    for one in Conversations(load_settings().conversations_file).opinions():
        print(json.dumps(vars(one), ensure_ascii=False))


@app.command()
def delete(thread: Name) -> None:
    """Delete a conversation for good, with its photos."""
    bot, _, _ = _opened(thread)
    bot.forget(thread)


def _opened(thread: str) -> "tuple[Bot, str, list[Exchange]]":
    """A bot, and the title and turns of a conversation; raises UserError when there is none of that name."""
    from bot.opening import embedder
    from bot.service import Bot
    from bot.settings import load_settings
    from store.store import Store

    settings = load_settings()
    bot = Bot(Store.in_memory(embedder(settings)), settings)
    exchanges = bot.exchanges(thread)
    if not exchanges:
        raise UserError(f"there is no conversation {thread!r}: see `unblur threads`")
    listed = bot.conversations.get(thread)
    return bot, listed.title if listed else thread, exchanges
