"""The command line: names and options of the commands; the work is done in `bot/commands/`, imported when it is needed."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.commands import checkpoints, restore, threads, users  # these import what is slow when they run
from bot.errors import UserError
from bot.privacy import keep_everything_here

EXIT_OK, EXIT_FAULT, EXIT_USER, EXIT_INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="unblur",
    help="Explain image restoration from supplied briefs, every statement cited. Start with: unblur chat",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no report on standard error.")]


@app.command()
def chat(
    host: Annotated[str | None, typer.Option(help="Address to listen on (UNBLUR_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (UNBLUR_PORT); 0: any free one.")] = None,
) -> None:
    """Open the chat in a browser: starts the page and prints its address."""
    from bot.commands.chat import chat as serve

    serve(host, port)


@app.command()
def ingest(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH...", help="Briefs or JSON Lines: files, folders, or -.")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Forget briefs gone from these paths, and sources that no brief names.")
    ] = False,
    re_embed: Annotated[
        bool, typer.Option("--re-embed", help="Embed every source again, after UNBLUR_EMBEDDING_MODEL was changed.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put briefs into the store; the same briefs again change nothing."""
    from bot.commands.ingest import ingest as put_in

    raise typer.Exit(put_in(paths or [], prune=prune, re_embed=re_embed, as_json=as_json, quiet=quiet))


@app.command()
def sources(as_json: Json = False) -> None:
    """List what the store holds."""
    from bot.commands.sources import list_sources

    list_sources(as_json=as_json)


@app.command()
def ask(
    question: Annotated[
        str | None, typer.Argument(help="What you would like to know; - reads it from standard input.")
    ] = None,
    brief: Annotated[
        str | None,
        typer.Option(
            help="Answer from this brief alone: a file, or the name of one in the store. Without QUESTION: its own."
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Answer from this source alone, named by its title or id; may be given several times."),
    ] = None,
    photo: Annotated[
        list[Path] | None, typer.Option(help="A photo that goes with the question; without QUESTION it is made sharp.")
    ] = None,
    thread: Annotated[str | None, typer.Option(help="Continue the conversation of this name.")] = None,
    last: Annotated[bool, typer.Option("-c", "--continue", help="Continue the last conversation.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask a question and get one grounded answer.

    unblur ask "How does MSSNet remove blur?"
    unblur ask --brief brief.txt --json
    unblur ask --source MSSNet --source CausalSR "Which of them was tested on video?"
    unblur ask --thread holiday "Does that one have code?"
    unblur ask --thread holiday --photo blurry.jpg "Can you sharpen this one?"
    """
    from bot.commands.ask import ask as answer

    answer(
        question, brief=brief, sources=source or [], photos=photo or [],
        thread=thread, last=last, as_json=as_json, quiet=quiet,
    )  # fmt: skip


@app.command("eval")
def evaluate(
    questions: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="One {id, question, history, brief} a line.")],
    out: Annotated[Path, typer.Option(help="Where the answers go, one {id, ...answer} a line.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT when it exists.")] = False,
    quiet: Quiet = False,
) -> None:
    """Answer many questions, and score them where the gold answers are given."""
    from bot.commands.evaluate import evaluate as answer_all

    raise typer.Exit(answer_all(questions, out, overwrite=overwrite, quiet=quiet))


@app.command()
def settings(as_json: Json = False) -> None:
    """Show every setting, its value and where it came from."""
    from bot.commands.settings import show_settings

    show_settings(as_json=as_json)


@app.command()
def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Over HTTP, with a token; else standard input and output.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on, with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on, with --http; 0: any free one.")] = 7861,
) -> None:
    """Offer the same to other programs' agents as an MCP server.

    unblur mcp
    unblur mcp --http
    """
    from bot.commands.mcp import mcp as serve

    serve(http, host, port)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look whether everything works, and say how to cure what doesn't; nothing is changed."""
    from bot.commands.doctor import doctor as look

    raise typer.Exit(look(as_json=as_json))


app.command()(restore.restore)
app.add_typer(checkpoints.app)
app.add_typer(threads.app, name="threads")
app.add_typer(users.app)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status: 0, 2 for a user's mistake, 1 for a fault of ours."""
    keep_everything_here()
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "passive"
    )  # torch's idle threads sleep; spinning, they slow a busy machine
    try:
        status = app(args=list(arguments) or ["--help"], standalone_mode=False)
    except typer.TyperException as error:
        _complain(f"{_one_line(str(error))} (see: unblur --help)")
        return EXIT_USER
    except UserError as error:
        _complain(str(error))
        return EXIT_USER
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Exception as error:
        if os.environ.get("UNBLUR_DEBUG"):
            raise
        _complain(
            f"something went wrong inside Unblur ({type(error).__name__}: {_one_line(str(error))}); nothing was lost. "
            "Set UNBLUR_DEBUG=1 to see where, and please report it"
        )
        return EXIT_FAULT
    return status if isinstance(status, int) else EXIT_OK


def _complain(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)


def _one_line(text: str) -> str:
    return " ".join(text.split())
