"""`unblur checkpoints`: the weights at hand, and how to get more."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.restore import surroundings
from bot.errors import UserError

if TYPE_CHECKING:
    from restore.checkpoint import Checkpoint

app = typer.Typer(
    name="checkpoints",
    rich_markup_mode=None,
    invoke_without_command=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a checkpoint of this name.")]


@app.callback()
def checkpoints(context: typer.Context, as_json: Json = False) -> None:
    """The weights at hand, with where each came from; add and fetch more.

    \b
    unblur checkpoints
    unblur checkpoints add model.pt --name realblur-j
    unblur checkpoints fetch gopro
    """
    if context.invoked_subcommand is None:
        show(as_json)


@app.command("list")
def show(as_json: Json = False) -> None:
    """List the checkpoints at hand."""
    from restore.registry import checkpoints as at_hand
    from restore.registry import damaged

    home = surroundings().home
    found = at_hand(home)
    if as_json:
        _print_json([_as_data(checkpoint) for checkpoint in found.values()])
    for checkpoint in () if as_json else found.values():
        print(f"{checkpoint.name}: widths {checkpoint.configuration}; {checkpoint.origin}")
    for name, reason in damaged(home).items():
        print(f"error: the checkpoint {name} cannot be used: {reason}", file=sys.stderr)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An official .pt of MSSNet, or a .safetensors.")],
    name: Annotated[str, typer.Option(help="What to call it, such as realblur-j.")],
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Take weights from a file, checked and converted in a process of its own.

    \b
    unblur checkpoints add MSSNet_RealBlur_J.pt --name realblur-j
    """
    from restore.errors import RestoreError
    from restore.registry import add as take

    try:
        _tell_added([take(file, name, surroundings().home, overwrite=overwrite)], as_json)
    except RestoreError as error:
        raise UserError(str(error)) from error


@app.command()
def fetch(
    which: Annotated[str, typer.Argument(metavar="gopro|realblur", help="Which of the authors' weights.")],
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Download the authors' weights from their Google Drive, where there is a network.

    \b
    unblur checkpoints fetch realblur
    """
    from restore.errors import RestoreError
    from restore.registry import fetch as download

    try:
        _tell_added(download(which, surroundings().home, overwrite=overwrite), as_json)
    except RestoreError as error:
        raise UserError(str(error)) from error


def _tell_added(added: "list[Checkpoint]", as_json: bool) -> None:
    if as_json:
        _print_json([_as_data(checkpoint) for checkpoint in added])
        return
    for checkpoint in added:
        print(f"added {checkpoint.name}: widths {checkpoint.configuration}", file=sys.stderr)


def _as_data(checkpoint: "Checkpoint") -> dict[str, Any]:
    from restore.registry import BUNDLED_FOLDER, DEFAULT_NAME

    configuration = checkpoint.configuration
    return {
        "name": checkpoint.name,
        "origin": checkpoint.origin,
        "bundled": checkpoint.path.parent == BUNDLED_FOLDER,
        "default": checkpoint.name == DEFAULT_NAME,
        "widths": [configuration.width, configuration.step, configuration.last_step],
        "path": str(checkpoint.path),
    }


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))
