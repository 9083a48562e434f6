"""Sharing as the settings say: put together, and put in front of an application."""

import uuid
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from bot.errors import UserError
from bot.settings import Settings
from bot.sharing.accounts import Accounts
from bot.sharing.database import Database
from bot.sharing.gate import Gate, Limits
from bot.sharing.handles import EVERYBODY, Handles, paths_in
from bot.sharing.limits import HourlyAllowance, LogInBrake
from bot.sharing.log_in import log_in_routes
from bot.sharing.ownership import ID, THREAD, Ownership
from bot.sharing.people import People
from bot.sharing.proxy import BehindProxy, networks
from bot.sharing.sessions import Cookies, LogIns, signing_key


class Sharing:
    """Who may do what at one page; the page asks it for every conversation and photo."""

    def __init__(self, settings: Settings) -> None:
        """Raises UserError when the settings name users who are not there, or the data folder cannot be used."""
        self.settings = settings
        self.trusted = networks(settings.trusted_proxies)
        self.accounts = Accounts(settings.users_file) if settings.users_file else None
        if self.accounts is not None and not self.accounts.names():
            raise UserError(f"nobody could log in: {settings.auth} has no users; add one with `unblur users add NAME`")
        database = Database(settings.sharing_file)
        self.ownership = Ownership(database)
        self.handles = Handles()
        log_ins = LogIns(database, self.accounts, settings.session_hours) if self.accounts else None
        self.briefs = HourlyAllowance(settings.photos_per_hour, "briefs")
        self.brake = LogInBrake()
        self.people = People(Cookies(signing_key(settings.home / "session-key")), log_ins, self.accounts, self.brake)
        self.photos = HourlyAllowance(settings.photos_per_hour)

    @property
    def upload_bytes(self) -> int:
        """The largest upload, all its photos together, in bytes."""
        return int(self.settings.max_upload_megabytes * 1_000_000)

    def thread_to_write(self, thread: str, owner: str) -> str:
        """The conversation in which `owner` may go on: the one they name when it is theirs or new, else a new one."""
        if not (ID.fullmatch(thread) and self.ownership.claim(thread, owner)):
            thread = uuid.uuid4().hex
            self.ownership.claim(thread, owner)
        return thread

    def thread_to_read(self, thread: str | None, owner: str) -> str | None:
        """The conversation that they name when they may see it, else None.

        One that has no owner is from before conversations had any: with log-in it is nobody's, without it is that of
        whoever knows its name.
        """
        if not thread or not ID.fullmatch(thread):
            return None
        known = self.ownership.owner_of(thread)
        return thread if known == owner or (known is None and self.accounts is None) else None

    def note_thread(self, thread: str, owner: str) -> None:
        """Note whose a conversation is that was begun for them."""
        self.ownership.claim(thread, owner, THREAD)

    def guard(self, app: FastAPI, blocks: Any) -> None:
        """Put the log-in and the gate in front of `app`, into which Gradio's `blocks` are about to be mounted."""
        for path in paths_in(blocks.get_config_file()):  # what the page itself shows
            self.handles.give_file(path, EVERYBODY)
        app.include_router(log_in_routes(self.people, self.accounts, self.brake))
        app.add_middleware(
            Gate,
            people=self.people,
            ownership=self.ownership,
            handles=self.handles,
            limits=Limits(self.upload_bytes, self.settings.max_upload_files, self.settings.max_waiting),
            photos=self.photos,
            briefs=self.briefs,
            waiting=_unfinished(blocks),
        )
        app.add_middleware(BehindProxy, root_path=self.settings.root_path, trusted=self.trusted)


def _unfinished(blocks: Any) -> Callable[[Callable[[str], bool]], int]:
    """Counts the events of certain sessions that wait or run in Gradio's queue."""

    def count(is_theirs: Callable[[str], bool]) -> int:
        queue = blocks._queue
        sessions = list(queue.pending_event_ids_session.items())
        return sum(len(ids & queue.event_ids_to_events.keys()) for session, ids in sessions if is_theirs(session))

    return count
