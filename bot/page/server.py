"""The server that hands the page out: our own application, with Gradio's mounted in it."""

import logging
import socket
from collections.abc import Callable
from concurrent.futures import Future
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gradio as gr
import gradio.queueing
import gradio.routes
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from pydantic import BaseModel, Field
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.api.desk import Desk
from bot.api.routes import openai_routes
from bot.bibliography import bibtex, csl_json, pointed_to
from bot.errors import UserError
from bot.export import archive, as_json
from bot.export_html import as_html
from bot.page.chat import THREAD, Chat
from bot.page.conversation_list import EXPORTS
from bot.page.conversation_list import ROUTE as EXPORT_ROUTE
from bot.page.layout import SCRIPTS, STYLES, build, theme
from bot.page.photos import ROUTE, SHOWN
from bot.service import Bot
from bot.settings import Settings
from bot.sharing.logs import instead_of_tracebacks
from bot.sharing.setup import Sharing
from restore.errors import PhotoError

_CONNECTIONS = 500
_SESSIONS = 500  # opened pages that Gradio remembers its components' state for, about 0.5 MB each; it would keep 10,000
_CLOSING_S = 2  # how long open streams may take to end when the server stops
_SCRIPT_PATH = "/unblur/page.js"

# Gradio builds its page with inline scripts, styles and `new Function`; nothing may come from or go to another host.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_NO_DOCUMENTATION: dict[str, Any] = {"docs_url": None, "redoc_url": None, "openapi_url": None}


class GivenOpinion(BaseModel):
    """What the page sends of an opinion."""

    answer: int
    liked: bool
    remark: str = Field(default="", max_length=2_000)


class SecurityHeaders:
    """Adds to every response what tells a browser to keep the page to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the application does, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def create_app(bot: Bot, settings: Settings, ready: Future[None] | None = None) -> FastAPI:
    """The page over `bot` as an ASGI application.

    ready: done when the bot can answer, for a bot that is still being filled or warmed up; the page is there before, and the
    first answer waits. Raises UserError when the settings name users who are not there.
    """
    ready = ready or _done()
    sharing = Sharing(settings)
    desk = Desk(bot, ready, sharing)
    blocks = build(Chat(bot, ready), sharing, desk)
    app = FastAPI(title="Unblur", version=version("unblur"), **_NO_DOCUMENTATION)
    sharing.guard(app, blocks)
    app.add_middleware(SecurityHeaders)
    instead_of_tracebacks(gradio.queueing, gradio.routes)

    @app.get("/healthz")
    def health() -> dict[str, object]:
        """Whether the server serves, and whether it can answer yet."""
        return {"status": "ok", "ready": ready.done() and ready.exception() is None}

    @app.get(_SCRIPT_PATH)
    def script() -> Response:
        """The page's own scripts, as one."""
        text = "\n".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
        return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    @app.get(f"{ROUTE}/{{thread}}/{{file}}")
    def photo(thread: str, file: str, download: str | None = None) -> Response:
        """A photo of a conversation, for whoever knows the conversation."""
        try:
            if not THREAD.fullmatch(thread) or Path(file).suffix not in SHOWN:
                raise PhotoError("there is no such photo")
            album = bot.darkroom.album(thread)
            path = album.path(file)
            name = album.result(path.stem).name if download is not None else None
        except PhotoError:
            return PlainTextResponse("There is no such photo. It may have been deleted with its conversation.", 404)
        return FileResponse(path, filename=name, headers={"Cache-Control": "private, max-age=86400"})

    @app.post(f"{EXPORT_ROUTE}/{{thread}}/opinion")
    def opinion(thread: str, given: GivenOpinion) -> Response:
        """Keep what somebody thinks of one of their answers."""
        if not THREAD.fullmatch(thread) or not 1 <= given.answer <= len(bot.exchanges(thread)):
            return PlainTextResponse("There is no such answer. Its conversation may have been deleted.", 404)
        bot.conversations.judge(thread, given.answer, given.liked, given.remark)
        return Response(status_code=204)

    @app.get(f"{EXPORT_ROUTE}/{{thread}}/{{file}}")
    def export(thread: str, file: str) -> Response:
        """A conversation as files to keep."""
        exchanges = bot.exchanges(thread) if THREAD.fullmatch(thread) and file in EXPORTS else []
        if not exchanges:
            return PlainTextResponse("There is no such conversation. It may have been deleted.", 404)
        listed = bot.conversations.get(thread)
        title = listed.title if listed else "Conversation"
        content: str | bytes
        match file:
            case "conversation.zip":
                content, kind = archive(title, thread, exchanges, bot.darkroom.album(thread)), "application/zip"
            case "conversation.html":
                content, kind = as_html(title, exchanges, bot.darkroom.album(thread)), "text/html"
            case "sources.bib":
                content, kind = bibtex(pointed_to(exchanges)), "application/x-bibtex"
            case "sources.csl.json":
                content, kind = csl_json(pointed_to(exchanges)), "application/vnd.citationstyles.csl+json"
            case _:
                content, kind = as_json(title, thread, exchanges), "application/json"
        return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{file}"'})

    blocks.state_session_capacity = _SESSIONS
    app.state.desk = desk
    app.include_router(openai_routes(desk))
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        root_path=settings.root_path or None,
        app_kwargs=_NO_DOCUMENTATION,
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        blocked_paths=[str(settings.home)],
        show_error=False,
        max_file_size=2 * sharing.upload_bytes,  # the gate refuses larger uploads before Gradio sees them
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        css_paths=STYLES,
        head=f'<script src=".{_SCRIPT_PATH}" defer></script>',
    )
    return app


def serve(app: ASGIApp, host: str, port: int, *, on_serving: Callable[[str], None]) -> None:
    """Serve `app` until it is interrupted; `on_serving` is told the address once it is served.

    port: 0 takes any free one. Raises UserError when the address cannot be listened on.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        access_log=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_CLOSING_S,
        server_header=False,
        proxy_headers=False,  # bot.sharing.proxy believes those that the settings name
        log_config=None,
    )
    _Server(config, lambda: on_serving(_address(host, listener))).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that says when it serves."""

    def __init__(self, config: uvicorn.Config, on_serving: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_serving = on_serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_serving()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # streams that are cut off now are no errors
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        raise UserError(
            f"cannot listen on {host} port {port} ({error.strerror or error}): stop what uses it, or choose another with "
            "--port (0 takes any free one)"
        ) from error
    return listener


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/"


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future
