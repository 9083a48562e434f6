"""Who sends a request: somebody who logged in, a program with somebody's token, a browser, or anyone at all.

An owner is named `user:NAME`, `browser:ID`, or `anyone`: programs that keep no cookie, where nobody needs to log in. They
share a name, and are kept apart only by the ids that they are given, which nobody guesses.
"""

from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from bot.sharing.accounts import Accounts
from bot.sharing.limits import LogInBrake
from bot.sharing.refusal import RefusedError
from bot.sharing.sessions import Cookies, LogIns
from bot.sharing.tokens import bearer

ANYONE = "anyone"
_OWNER = "unblur.owner"
_LONGEST_KEPT_S = 400 * 86_400  # no browser keeps a cookie longer


class People:
    """Tells by its cookie or token who sends a request, and hands cookies out."""

    def __init__(
        self,
        cookies: Cookies,
        log_ins: LogIns | None,
        accounts: Accounts | None = None,
        brake: LogInBrake | None = None,
    ) -> None:
        """`log_ins` and `accounts` are None where nobody needs to log in: no token is looked at then."""
        self.cookies = cookies
        self.log_ins = log_ins
        self._accounts = accounts
        self._brake = brake or LogInBrake()

    def recognise(self, scope: Scope) -> str | None:
        """Who it is; None for somebody who has to log in first. From now on `owner_of_scope` knows it, too.

        Raises RefusedError for a token that does not hold, which counts as a failed log-in from that address. One that
        holds is never held up: it cannot be guessed, and others may share the address.
        """
        token = bearer(HTTPConnection(scope).headers.get("authorization"))
        if token is None or self._accounts is None:
            owner = self._owner(self.cookie(scope))
        elif name := self._accounts.token_name(token):
            owner = f"user:{name}"
        else:
            raise self.wrong_token(scope)
        scope[_OWNER] = owner
        return owner

    def wrong_token(self, scope: Scope) -> RefusedError:
        """The refusal of a token that does not hold; it counts as a failed log-in from its address."""
        address = (scope.get("client") or ("",))[0]
        if (wait_s := self._brake.wait_s([f"from:{address}"])) > 0:
            line = "too many wrong tokens and passwords from your address: wait a moment, then send the right one"
            return RefusedError(429, line, retry_after_s=int(wait_s) + 1)
        return RefusedError(401, "this token does not hold: make a new one with `unblur users token NAME`")

    def cookie(self, scope: Scope) -> str:
        """Our cookie as the request brought it, or an empty one."""
        return HTTPConnection(scope).cookies.get(self.cookies.name, "")

    def give(self, response: Response, scope: Scope, cookie: str) -> None:
        """Give a cookie along with a response; an empty one takes it back."""
        response.headers.append("set-cookie", self.cookie_header(scope, cookie))

    def cookie_header(self, scope: Scope, cookie: str) -> str:
        """The header that gives a cookie to a browser, for this site alone and out of reach of scripts."""
        path = scope.get("root_path") or "/"
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        age = _LONGEST_KEPT_S if cookie else 0
        return f"{self.cookies.name}={cookie}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"

    def new_browser(self) -> str | None:
        """The cookie for a browser that has none; None where people log in."""
        return self.cookies.for_browser() if self.log_ins is None else None

    def _owner(self, cookie: str) -> str | None:
        if self.log_ins is None:
            browser = self.cookies.browser(cookie)
            return f"browser:{browser}" if browser else ANYONE
        token = self.cookies.log_in(cookie)
        name = self.log_ins.name(token) if token else None
        return f"user:{name}" if name else None


def remember_owner(scope: Scope, owner: str) -> None:
    """Note who was recognised by other means."""
    scope[_OWNER] = owner


def owner_of_scope(scope: Scope) -> str:
    """The owner whom the gate recognised."""
    return scope.get(_OWNER) or ANYONE


def owner_of_request(request: Any) -> str:
    """The owner behind a `gr.Request` or a request of FastAPI's."""
    inner = getattr(request, "request", None) or request
    return ANYONE if inner is None else owner_of_scope(inner.scope)
