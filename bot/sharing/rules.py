"""The table of rules: who may use which route of the application, and what is looked at on the way.

A route without a rule is refused, and `tests/sharing/test_routes.py` fails on it. Whatever a request calls by the names in
`bot/sharing/gate.py` (session, event, upload, file, conversation, photo) must be its own on every route.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.routing import compile_path


class Who(enum.Enum):
    """Who may use a route at all."""

    EVERYBODY = enum.auto()  # before the log-in, too
    USERS = enum.auto()  # whoever is logged in, or everybody where nobody needs to be
    NOBODY = enum.auto()


class Body(enum.Enum):
    """What a request may carry."""

    NOTHING = enum.auto()
    JSON = enum.auto()
    FORM = enum.auto()  # a short form of our own
    UPLOAD = enum.auto()  # photos
    MESSAGES = enum.auto()  # JSON with photos in it, which its route reads and checks itself


@dataclass(frozen=True)
class Rule:
    """What holds on one route; `path` is written as the route itself writes it."""

    method: str
    path: str
    who: Who = Who.USERS
    body: Body = Body.NOTHING
    watched: bool = False  # the reply names events or files, which are its owner's from then on
    page: bool = False  # opened by a person: sent to the log-in rather than refused

    @property
    def openai(self) -> bool:
        """Whether its clients read errors as OpenAI's format has them."""
        return self.path.startswith(f"{_OPENAI}/")


def _open(*paths: str) -> list[Rule]:
    return [Rule("GET", path, Who.EVERYBODY) for path in paths]


def _users(*paths: str, watched: bool = False) -> list[Rule]:
    return [Rule("GET", path, watched=watched) for path in paths]


def _posts(*paths: str, watched: bool = False) -> list[Rule]:
    return [Rule("POST", path, body=Body.JSON, watched=watched) for path in paths]


def _closed(method: str, *paths: str) -> list[Rule]:
    return [Rule(method, path, Who.NOBODY) for path in paths]


_API = "/gradio_api"
_OPENAI = "/v1"

RULES: tuple[Rule, ...] = (
    # Our own.
    *_open("/healthz", "/unblur/page.js", "/login"),
    Rule("POST", "/login", Who.EVERYBODY, Body.FORM),
    Rule("POST", "/logout", body=Body.FORM),
    Rule("GET", "/account", page=True),
    # Gradio's page and its parts: the same for everybody.
    Rule("GET", "/", page=True),
    Rule("HEAD", "/", page=True),
    *_open("/svelte/{path:path}", "/static/{path:path}", "/assets/{path:path}", "/favicon.ico", "/robots.txt"),
    *_open("/manifest.json", "/theme.css", f"{_API}/theme.css"),
    *_users("/config", "/config/", f"{_API}/info", f"{_API}/info/", f"{_API}/app_id", f"{_API}/app_id/"),
    *_users("/unblur/photos/{thread}/{file}", "/unblur/conversations/{thread}/{file}"),
    *_posts("/unblur/conversations/{thread}/opinion"),
    *_users(f"{_API}/startup-events", f"{_API}/queue/status"),
    # In OpenAI's format; the route itself looks whose the named conversation is.
    Rule("POST", f"{_OPENAI}/chat/completions", body=Body.MESSAGES),
    Rule("POST", f"{_OPENAI}/{{path:path}}", body=Body.MESSAGES),
    *_users(f"{_OPENAI}/models", f"{_OPENAI}/models/{{name}}", f"{_OPENAI}/{{path:path}}"),
    # Questions and answers.
    *_posts(f"{_API}/queue/join", watched=True),
    *_posts(f"{_API}/run/{{api_name}}", f"{_API}/run/{{api_name}}/", watched=True),
    *_posts(f"{_API}/api/{{api_name}}", f"{_API}/api/{{api_name}}/", watched=True),
    *_posts(f"{_API}/call/{{api_name}}", f"{_API}/call/{{api_name}}/", watched=True),
    *_posts(f"{_API}/call/v2/{{api_name}}", f"{_API}/call/v2/{{api_name}}/", watched=True),
    *_posts(f"{_API}/component_server", f"{_API}/component_server/", watched=True),
    *_posts(f"{_API}/cancel", f"{_API}/reset", f"{_API}/reset/"),
    *_users(f"{_API}/queue/data", watched=True),
    *_users(f"{_API}/call/{{api_name}}/{{event_id}}", f"{_API}/call/v2/{{api_name}}/{{event_id}}", watched=True),
    *_users(f"{_API}/heartbeat/{{session_hash}}"),
    # Files.
    Rule("POST", f"{_API}/upload", body=Body.UPLOAD, watched=True),
    *_users(f"{_API}/upload_progress", f"{_API}/file={{path_or_url:path}}"),
    Rule("HEAD", f"{_API}/file={{path_or_url:path}}"),
    # What Gradio offers and we do not: its own log-in, links to states, other hosts' files, sound, code, measurements.
    *_closed("GET", "/logout", f"{_API}/user", f"{_API}/user/", f"{_API}/login_check", f"{_API}/login_check/"),
    *_closed("POST", "/login/"),
    *_closed("GET", f"{_API}/token", f"{_API}/token/", f"{_API}/deep_link", f"{_API}/openapi.json"),
    *_closed("GET", f"{_API}/runs", f"{_API}/runs/", f"{_API}/dev/reload", f"{_API}/file/{{path:path}}"),
    *_closed("GET", f"{_API}/proxy={{url_path:path}}"),
    *_closed("HEAD", f"{_API}/proxy={{url_path:path}}"),
    *_closed("GET", f"{_API}/custom_component/{{id}}/{{environment}}/{{type}}/{{file_name}}"),
    *_closed("POST", f"{_API}/stream/{{event_id}}", f"{_API}/stream/{{event_id}}/close"),
    *_closed(
        "GET",
        f"{_API}/stream/{{session_hash}}/{{run}}/{{component_id}}/playlist.m3u8",
        f"{_API}/stream/{{session_hash}}/{{run}}/{{component_id}}/playlist-file",
        f"{_API}/stream/{{session_hash}}/{{run}}/{{component_id}}/{{segment_id}}.{{ext}}",
    ),
    *_closed("GET", "/pwa_icon", "/pwa_icon/{size}", "/monitoring", "/monitoring/summary", "/monitoring/{key}"),
    *_closed("POST", f"{_API}/process_recording", f"{_API}/vibe-edit", f"{_API}/vibe-edit/", f"{_API}/vibe-code"),
    *_closed("POST", f"{_API}/undo-vibe-edit", f"{_API}/undo-vibe-edit/", f"{_API}/vibe-code/"),
    *_closed("POST", f"{_API}/vibe-starter-queries", f"{_API}/vibe-starter-queries/"),
    *_closed("GET", f"{_API}/vibe-code", f"{_API}/vibe-code/"),
)


class Table:
    """Finds the rules that hold for a request."""

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        self._rules = [(rule, *compile_path(rule.path)) for rule in rules]

    def matching(self, method: str, path: str) -> list[tuple[Rule, dict[str, Any]]]:
        """Every rule that fits, with the parts of the path that it names; which route answers does not matter then."""
        return [
            (rule, found.groupdict())
            for rule, regex, _, _ in self._rules
            if rule.method == method and (found := regex.match(path))
        ]
