"""Behind a reverse proxy: the path below which it shows the page, and what it says of who asks.

Only the proxies that the settings name are believed; from anybody else these headers are dropped, since Gradio and the
limits would take them at their word.
"""

import ipaddress

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import UserError

_FORWARDED = (b"x-forwarded-", b"forwarded", b"x-real-ip")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(addresses: str) -> list[Network]:
    """The addresses and networks in a list with commas; raises UserError."""
    try:
        return [ipaddress.ip_network(one.strip()) for one in addresses.split(",") if one.strip()]
    except ValueError as error:
        raise UserError(
            f"UNBLUR_TRUSTED_PROXIES cannot be {addresses!r} ({error}): list addresses or networks, such as 10.0.0.0/8"
        ) from error


class BehindProxy:
    """Shows the application each request as the browser made it."""

    def __init__(self, app: ASGIApp, *, root_path: str, trusted: list[Network]) -> None:
        """root_path: such as /unblur, whether the proxy leaves it in the path or takes it away; may be empty."""
        self.app = app
        self.root_path = root_path
        self.trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on as it was made."""
        if scope["type"] == "http":
            scope = self._as_made(scope)
            if self.root_path and scope["path"] == self.root_path:
                await RedirectResponse(f"{self.root_path}/", 307)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _as_made(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        made = {**scope, "headers": [(name, value) for name, value in scope["headers"] if not _is_forwarded(name)]}
        if self._is_trusted(scope):
            if (scheme := _first(headers, "x-forwarded-proto")) in ("http", "https"):
                made["scheme"] = scheme
            if host := _first(headers, "x-forwarded-host"):
                others = [(name, value) for name, value in made["headers"] if name != b"host"]
                made["headers"] = [(b"host", host.encode("latin-1")), *others]
            if client := headers.get("x-forwarded-for", "").rpartition(",")[2].strip():
                made["client"] = (client, 0)
        if self.root_path:
            path = scope["path"]
            inside = path == self.root_path or path.startswith(f"{self.root_path}/")
            made |= {"root_path": self.root_path, "path": path if inside else f"{self.root_path}{path}"}
        return made

    def _is_trusted(self, scope: Scope) -> bool:
        try:
            peer = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        return any(peer in network for network in self.trusted)


def _is_forwarded(name: bytes) -> bool:
    return name.startswith(_FORWARDED)


def _first(headers: Headers, name: str) -> str:
    return headers.get(name, "").partition(",")[0].strip()
