"""`unblur mcp`: the tools for other programs' agents, over standard input and output or over HTTP."""

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from bot.allocator import share_arenas
from bot.errors import UserError
from bot.opening import opened_store, put_bundled, tell
from bot.settings import Settings, load_settings
from bot.sharing.logs import configure
from store.errors import StoreError
from store.store import Store

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from bot.mcp.server import Server
    from bot.service import Bot
    from bot.sharing.setup import Sharing

PATH = "/mcp"


def mcp(http: bool, host: str, port: int) -> None:
    """Serve until standard input ends, or until it is interrupted; raises UserError."""
    try:
        import mcp as sdk
    except ImportError as error:
        raise UserError("the MCP server needs one more package: run `pip install 'unblur[mcp]'`") from error
    del sdk
    share_arenas()
    settings = load_settings()
    configure(settings.log_level)
    with _server(settings, local=not http) as (server, sharing):
        try:
            if http:
                _serve_http(server, sharing, settings, host, port)
            else:
                server.run()
        except KeyboardInterrupt:
            tell("Stopped.")
        if (
            server.desk.restorations.any_running()
        ):  # a library that is cut off while it works would abort with a complaint
            sys.stdout.flush()
            os._exit(0)  # nothing is lost: a result counts only once it is whole


@contextmanager
def _server(settings: Settings, *, local: bool) -> "Iterator[tuple[Server, Sharing]]":
    """The server over the settings' store; it answers before the store is filled and the model is loaded."""
    from bot.mcp.desk import Desk
    from bot.mcp.server import Server
    from bot.service import Bot
    from bot.sharing.setup import Sharing

    sharing = Sharing(settings)
    with opened_store(settings, fill=False) as store:
        ready: Future[Bot] = Future()
        bot = Bot(store, settings)
        getting_ready = threading.Thread(target=_get_ready, args=(store, bot, ready), name="get-ready", daemon=True)
        getting_ready.start()
        yield Server(Desk(settings, sharing, ready, local=local), version("unblur"), local=local), sharing
        if getting_ready.is_alive():
            sys.stdout.flush()
            os._exit(0)


def _get_ready(store: Store, bot: "Bot", ready: "Future[Bot]") -> None:
    """Fill an empty store and load what answers need; an error is kept for whoever asks."""
    from bot.tools import warm_up

    try:
        if store.count() == 0:
            put_bundled(store)
        warm_up(store)
    except StoreError as error:
        ready.set_exception(error)
    except Exception as error:
        ready.set_exception(UserError(f"the server could not get ready ({type(error).__name__}): start it again"))
        raise
    else:
        ready.set_result(bot)


def _serve_http(server: "Server", sharing: "Sharing", settings: Settings, host: str, port: int) -> None:
    from bot.mcp.door import shared_token
    from bot.page.server import serve

    token = None
    if sharing.accounts is None:
        token, is_new = shared_token(settings)
        if is_new:
            tell(f"Programs send this token, which holds until the server stops: {token}")

    def on_serving(address: str) -> None:
        print(f"{address.rstrip('/')}{PATH}", flush=True)
        tell("Press Ctrl-C to stop.")

    serve(http_app(server, sharing, token), host, port, on_serving=on_serving)


def http_app(server: "Server", sharing: "Sharing", token: str | None) -> "ASGIApp":
    """The server behind its door. Sessions are none: each request is one user's, and conversations have ids of ours."""
    from mcp.server.transport_security import TransportSecuritySettings

    from bot.mcp.door import Door
    from bot.sharing.proxy import BehindProxy

    app = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        max_request_body_size=sharing.upload_bytes * 4 // 3 + 1_000_000,  # a photo as base64, and what is asked
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # the door's, for any host
    )
    return BehindProxy(Door(app, sharing, token), root_path="", trusted=sharing.trusted)
