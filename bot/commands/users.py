"""`unblur users`: who may log in to the page."""

import getpass
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import UserError

if TYPE_CHECKING:
    from bot.sharing.accounts import Accounts

app = typer.Typer(name="users", rich_markup_mode=None, no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name, such as alice.")]


@app.callback()
def users() -> None:
    """Who may log in to the page; they stand in the file that UNBLUR_AUTH names.

    \b
    UNBLUR_AUTH=users.txt unblur users add alice
    UNBLUR_AUTH=users.txt unblur chat
    """


@app.command()
def add(
    name: Name,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Change the password of a user who is there.")] = False,
) -> None:
    """Let somebody log in; asks for the password, or reads a line of standard input."""
    accounts = _accounts()
    if name in accounts.names() and not overwrite:
        raise UserError(f"there is a user {name} already: give --overwrite to change the password")
    accounts.add(name, _password(), overwrite=overwrite)
    print(f"{name} may log in", file=sys.stderr)


@app.command("list")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """List who may log in."""
    names = _accounts().names()
    if as_json:
        print(json.dumps(names))
    else:
        print("\n".join(names), end="\n" if names else "")


@app.command()
def remove(name: Name) -> None:
    """Let somebody log in no more, and revoke their tokens; their conversations stay."""
    _accounts().remove(name)
    print(f"{name} may log in no more", file=sys.stderr)


@app.command()
def token(
    name: Name,
    revoke: Annotated[bool, typer.Option("--revoke", help="Let none of this user's tokens hold any more.")] = False,
) -> None:
    """Make a token for a program of this user's, and print it; it is shown this once.

    \b
    unblur users token alice
    curl -H "Authorization: Bearer TOKEN" http://127.0.0.1:7860/config
    """
    if revoke:
        count = _accounts().revoke_tokens(name)
        print(f"{count} token{'' if count == 1 else 's'} of {name} revoked", file=sys.stderr)
        return
    print(_accounts().new_token(name))
    print(f"a program that sends it acts as {name}: keep it secret, it is shown this once", file=sys.stderr)


def _accounts() -> "Accounts":
    from bot.settings import load_settings
    from bot.sharing.accounts import Accounts

    settings = load_settings()
    if settings.users_file is None:
        raise UserError("there is no file of users: set UNBLUR_AUTH to one, which is made with its first user")
    return Accounts(settings.users_file)


def _password() -> str:
    """The password, typed twice without echo; the first line where standard input is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("The same again: "):
        raise UserError("the two passwords differ: nothing was changed, try again")
    return password
