"""The door of the MCP server on the network: nobody gets in without a token, nor from another site's page."""

import hashlib
import hmac
import secrets

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import UserError
from bot.mcp.server import LOCAL
from bot.settings import Settings
from bot.sharing.gate import is_from_elsewhere
from bot.sharing.people import remember_owner
from bot.sharing.refusal import RefusedError
from bot.sharing.setup import Sharing
from bot.sharing.tokens import bearer, new_token

_SHORTEST = 16  # characters of a token that somebody chose


class Door:
    """Stands before the server; lets a request in as the owner whose token it brings."""

    def __init__(self, app: ASGIApp, sharing: Sharing, token: str | None) -> None:
        """token: the one that all programs send; None where each user has their own."""
        self.app = app
        self._sharing = sharing
        self._digest = hashlib.sha256(token.encode()).digest() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it with one line, before its body is read."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            try:
                self._let_in(scope)
            except RefusedError as refused:
                await refused.response()(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _let_in(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if is_from_elsewhere(scope["method"], headers):
            raise RefusedError(403, "this was asked by a page of another site: only programs are let in")
        token = bearer(headers.get("authorization"))
        if token is None:
            raise RefusedError(401, 'there is no token: send "Authorization: Bearer TOKEN"')
        if self._digest is None:
            self._sharing.people.recognise(scope)  # refuses a wrong one
        elif hmac.compare_digest(hashlib.sha256(token.encode("utf-8", "replace")).digest(), self._digest):
            remember_owner(scope, LOCAL)
        else:
            raise self._sharing.people.wrong_token(scope)


def shared_token(settings: Settings) -> tuple[str, bool]:
    """The token for all programs where nobody logs in, and whether it was made just now; raises UserError."""
    if settings.mcp_token is None or not (token := settings.mcp_token.get_secret_value()):
        return new_token(), True
    if len(token) < _SHORTEST:
        raise UserError(
            f"UNBLUR_MCP_TOKEN has {len(token)} characters, which can be guessed: choose at least {_SHORTEST}, "
            f"such as {secrets.token_urlsafe(24)}"
        )
    return token, False
