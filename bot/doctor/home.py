"""The data folder: may it be written, is there room, are the store and the conversations sound, who may log in."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from bot.doctor.finding import Finding, failed, ok, told, warning
from bot.errors import UserError
from bot.settings import Settings
from bot.sharing.accounts import Accounts
from store.errors import StoreError
from store.inspection import TooLargeError, database_fault, inspected

_LITTLE, _TOO_LITTLE = 1_000_000_000, 100_000_000  # bytes


def folder(home: Path) -> Iterator[Finding]:
    """Whether the data folder can be used."""
    there = next(path for path in (home, *home.absolute().parents) if path.exists())
    elsewhere = "set UNBLUR_HOME to a folder of yours"
    if not there.is_dir():
        yield failed("data folder", f"{there} is a file, not a folder", elsewhere)
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield failed("data folder", f"{there} cannot be written", f"let it be written, or {elsewhere}")
    free = shutil.disk_usage(there).free
    text = f"{home}{'' if home.exists() else ' (made at the first use)'}, {free / 1e9:.1f} GB free"
    if free < _TOO_LITTLE:
        yield failed("data folder", text, "make room on the disk, or set UNBLUR_HOME to another")
    elif free < _LITTLE:
        yield warning("data folder", text, "make room on the disk: photos and the store take some")
    else:
        yield ok("data folder", text)


def store(settings: Settings) -> Iterator[Finding]:
    """Whether the store opens, and its index is what it was when it was built."""
    place = settings.store_folder
    if not (place / "sources.sqlite3").exists():
        yield ok("store", "empty: the bundled briefs are put in at the first `unblur chat` or `unblur ask`")
        return
    try:
        found = inspected(place, settings.embedding_model, has_index=not settings.chroma_url)
    except TooLargeError as error:
        yield warning("store", str(error), "make room in the folder for temporary files (TMPDIR), and look again")
    except StoreError as error:
        yield told("store", error)
    else:
        if found.index_fault:
            cure = "nothing: it is built again from the sources at the next start, which takes a moment"
            yield warning("store", f"{found.sources} sources, and their index is damaged ({found.index_fault})", cure)
        else:
            yield ok("store", f"{found.sources} sources, index sound")


def conversations(settings: Settings) -> Iterator[Finding]:
    """Whether the files of conversations and owners are sound."""
    files = [settings.threads_file, settings.conversations_file, settings.sharing_file]
    faults = {file: fault for file in files if file.exists() and (fault := database_fault(file))}
    for file, fault in faults.items():
        yield failed("conversations", f"{file} is damaged ({fault})", f"put a copy back, or move {file.name} away")
    if not faults:
        yield ok("conversations", "sound" if any(file.exists() for file in files) else "none yet")


def users(settings: Settings) -> Iterator[Finding]:
    """Whether those who may log in can."""
    file = settings.users_file
    if file is None:
        if settings.host in ("127.0.0.1", "::1", "localhost"):
            yield ok("users", "nobody needs to log in, and only this machine reaches the page")
        else:
            cure = "set UNBLUR_AUTH to a file of users, and add them with `unblur users add NAME`"
            yield warning("users", f"whoever reaches {settings.host} may use the page", cure)
        return
    add = "add somebody with `unblur users add NAME`"
    if not file.exists():
        yield failed(
            "users", f"there is no file {file}, so that the page does not start", f"correct UNBLUR_AUTH, or {add}"
        )
        return
    try:
        names = Accounts(file).names()
        lines = file.read_text(encoding="utf-8").splitlines()
    except UserError as error:
        yield told("users", error)
        return
    broken = [number for number, line in enumerate(lines, 1) if line.strip() and ":$argon2" not in line]
    if broken:
        text = f"line {broken[0]} of {file} is not a name with its hash: that user cannot log in"
        yield failed("users", text, "remove the line, and add the user again with `unblur users add NAME`")
    elif not names:
        yield failed("users", f"{file} names nobody, so that the page does not start", add)
    elif stat.S_IMODE(file.stat().st_mode) & 0o077 and os.name == "posix":
        yield warning("users", f"others on this machine can read {file}", f"chmod 600 {file}")
    else:
        yield ok("users", f"{len(names)} may log in")
