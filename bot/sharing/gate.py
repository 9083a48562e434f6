"""The gate in front of every route: who asks, may they, and is what they name their own?"""

import contextlib
import json
import logging
import os.path
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette._utils import get_route_path
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import UserError
from bot.sharing import bodies
from bot.sharing.handles import Handles, parts_of
from bot.sharing.limits import HourlyAllowance
from bot.sharing.ownership import ID, Ownership
from bot.sharing.people import ANYONE, People
from bot.sharing.refusal import RefusedError, not_there
from bot.sharing.rules import Body, Rule, Table, Who
from bot.sharing.watch import Watch

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """How much one request may carry, and how much of one user may wait."""

    upload_bytes: int
    upload_files: int
    waiting: int


class Gate:
    """Stands before the application; lets through what the table of rules allows, to whom it belongs."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        people: People,
        ownership: Ownership,
        handles: Handles,
        limits: Limits,
        photos: HourlyAllowance,
        briefs: HourlyAllowance,
        waiting: Callable[[Callable[[str], bool]], int],
        table: Table | None = None,
    ) -> None:
        """waiting: counts the unfinished events of the sessions for which it is told True."""
        self.app = app
        self.people = people
        self.ownership = ownership
        self.handles = handles
        self.limits = limits
        self.photos = photos
        self.briefs = briefs
        self.waiting = waiting
        self.table = table or Table()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it with one line."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:  # no route of ours or Gradio's is a WebSocket
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        status = 0
        rule: Rule | None = None
        owner: str | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            owner = self.people.recognise(scope)
            fitting = self._fitting(scope)
            rule = fitting[0][0]
            if owner is None and any(one.who is not Who.EVERYBODY for one, _ in fitting):
                await _to_log_in(rule, scope)(scope, receive, noting)
                return
            for _, named in fitting:
                self._check_names(named.items(), owner or ANYONE)
            query = QueryParams(scope["query_string"])
            if "deep_link" in query:
                raise not_there()
            asked = [item for item in query.multi_items() if item[0] != "thread"]  # for a foreign one, a new one begins
            self._check_names(asked, owner or ANYONE)
            await self._let_through(scope, receive, noting, rule, owner or ANYONE)
        except RefusedError as refused:
            level = logging.WARNING if refused.status in (403, 413, 429) else logging.INFO
            logger.log(level, "refused", extra={"status": refused.status, "route": rule.path if rule else None})
            meant = self.table.matching(scope["method"], get_route_path(scope))
            await refused.response(rule or (meant[0][0] if meant else None))(scope, receive, noting)
        except ClientDisconnect:
            logger.info("cut off", extra={"route": rule.path if rule else None})
        finally:
            logger.info(
                "request",
                extra={
                    "method": scope["method"],
                    "route": rule.path if rule else None,
                    "status": status,
                    "owner": owner if owner and not owner.startswith("browser:") else None,
                    "ms": round((time.monotonic() - began) * 1000),
                },
            )

    def _fitting(self, scope: Scope) -> list[tuple[Rule, dict[str, Any]]]:
        """The rules that hold; raises RefusedError for a foreign site, and for what no rule allows."""
        headers = Headers(scope=scope)
        if is_from_elsewhere(scope["method"], headers):
            raise RefusedError(403, "this was asked by another site: open the page itself")
        fitting = self.table.matching(scope["method"], get_route_path(scope))
        if not fitting or any(rule.who is Who.NOBODY for rule, _ in fitting):
            raise not_there()
        return fitting

    def _check_names(self, named: Iterable[tuple[str, Any]], owner: str) -> None:
        """Raise RefusedError when a request calls something by a name that is not the owner's."""
        for name, value in named:
            match name:
                case "session_hash" | "upload_id" if value is not None:
                    own = isinstance(value, str) and self.handles.claim(value, owner)
                case "event_id" if value is not None:
                    own = isinstance(value, str) and self.handles.is_of(value, owner)
                case "path_or_url":
                    own = os.path.normpath(value) == value and self.handles.may_read(value, owner)
                    if not own:
                        raise RefusedError(403, "this file is not yours: open the conversation that it belongs to")
                case "photo" | "thread" if isinstance(value, str) and ID.fullmatch(value):
                    own = not self.ownership.is_foreign(value, owner) or self._is_anyones(value)
                case _:
                    continue
            if not own:
                raise not_there()

    def _is_anyones(self, thing: str) -> bool:
        """Whether it is a program's that nobody can tell from others: whoever knows its id may have it."""
        return self.people.log_ins is None and self.ownership.owner_of(thing) == ANYONE

    def _check_data(self, data: Any, owner: str) -> None:
        """The same for whatever a body says, however deep."""
        for part in parts_of(data):
            if isinstance(part, dict):
                self._check_names(part.items(), owner)
                self._check_file(part, owner)
            elif isinstance(part, str) and ID.fullmatch(part) and self.ownership.is_foreign(part, owner):
                raise not_there()

    def _check_file(self, part: Mapping[str, Any], owner: str) -> None:
        path, meta = part.get("path"), part.get("meta")
        is_file = "path" in part or (isinstance(meta, dict) and meta.get("_type") == "gradio.FileData")
        if is_file and not (isinstance(path, str) and self.handles.may_read(path, owner)):
            raise RefusedError(403, "a file in the request is not yours, or an address: upload the photo first")

    async def _let_through(self, scope: Scope, receive: Receive, send: Send, rule: Rule, owner: str) -> None:
        with contextlib.ExitStack() as closing:
            match rule.body:
                case Body.JSON:
                    data = bodies.parsed_json(await bodies.read_within(scope, receive, bodies.LARGEST_JSON))
                    self._check_data(data, owner)
                    self._check_waiting(rule, owner)
                    body = json.dumps(data).encode()  # what was looked at is what is read, whoever parses it
                    _set_length(scope, len(body))
                    receive = bodies.replay(body, receive)
                case Body.FORM:
                    body = await bodies.read_within(scope, receive, bodies.LARGEST_FORM)
                    receive = bodies.replay(body, receive)
                case Body.UPLOAD:
                    upload = bodies.Upload(scope, self.limits.upload_bytes, self.limits.upload_files)
                    spool = closing.enter_context(await upload.read(receive))
                    self._take(self.photos, owner, upload.files - upload.briefs)
                    self._take(self.briefs, owner, upload.briefs)
                    receive = bodies.replay_file(spool, receive)
                case Body.MESSAGES:
                    most = bodies.LARGEST_JSON + self.limits.upload_bytes * 4 // 3
                    spool = closing.enter_context(await bodies.spooled(scope, receive, most))
                    receive = bodies.replay_file(spool, receive)
                case Body.NOTHING:
                    await bodies.read_within(scope, receive, 0)
                    receive = bodies.replay(b"", receive)
            if rule.watched:
                MutableHeaders(scope=scope)["accept-encoding"] = "identity"
                send = Watch(self.handles, owner, send, upload=rule.body is Body.UPLOAD)
            if rule.page and owner == ANYONE and (cookie := self.people.new_browser()):
                send = _with_cookie(send, self.people.cookie_header(scope, cookie))
            await self.app(scope, receive, send)

    def _check_waiting(self, rule: Rule, owner: str) -> None:
        if not rule.watched or owner == ANYONE:  # programs without a cookie share the whole queue
            return
        count = self.waiting(lambda session: self.handles.is_of(session, owner))
        if count >= self.limits.waiting:
            line = f"{count} of your questions and photos are waiting already: wait until one is done, then ask again"
            raise RefusedError(429, line, retry_after_s=5)

    def _take(self, allowance: HourlyAllowance, owner: str, count: int) -> None:
        try:
            if count:
                allowance.take(owner, count)
        except UserError as error:
            raise RefusedError(429, str(error), retry_after_s=60) from error


def is_from_elsewhere(method: str, headers: Headers) -> bool:
    """Whether a page of another site, or of another port of this host, makes the browser ask."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin == "null":
        return site != "same-origin"
    if origin is not None:
        return origin.partition("://")[2] != headers.get("host")
    return method not in ("GET", "HEAD") and site in ("cross-site", "same-site")


def _to_log_in(rule: Rule, scope: Scope) -> ASGIApp:
    """To the log-in for a person, who comes back to the conversation afterwards; a refusal for a program."""
    if not rule.page:
        return RefusedError(
            401, "nobody is logged in: log in on the page, or send a token of yours, then do it again"
        ).response(rule)
    thread = QueryParams(scope["query_string"]).get("thread", "")
    query = f"?thread={thread}" if ID.fullmatch(thread) else ""
    return RedirectResponse(f"{scope.get('root_path', '')}/login{query}", 303, {"Cache-Control": "no-store"})


def _set_length(scope: Scope, length: int) -> None:
    headers = MutableHeaders(scope=scope)
    del headers["transfer-encoding"]
    headers["content-length"] = str(length)
    headers["content-type"] = "application/json"


def _with_cookie(send: Send, cookie: str) -> Send:
    async def giving(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", cookie)
        await send(message)

    return giving
