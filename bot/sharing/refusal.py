"""How a request is refused: a status, and one line that says what happened and what to do."""

from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.api.errors import error_response
from bot.sharing.rules import Body, Rule


class RefusedError(Exception):
    """A request that is not let through."""

    def __init__(self, status: int, line: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(line)
        self.status = status
        self.line = line
        self.retry_after_s = retry_after_s

    def response(self, rule: Rule | None = None) -> Response:
        """The refusal as the page's own code shows it: plain words to an upload, OpenAI's form below `/v1`,
        `detail` to everything else.
        """
        headers = {"Cache-Control": "no-store"}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        if rule is not None and rule.openai:
            return error_response(self.status, self.line, retry_after_s=self.retry_after_s)
        if rule is not None and rule.body is Body.UPLOAD:
            return PlainTextResponse(self.line, self.status, headers)
        return JSONResponse({"detail": self.line, "error": self.line}, self.status, headers)


def not_there() -> RefusedError:
    """What is somebody else's looks just like what does not exist."""
    return RefusedError(404, "there is nothing here for you: open the page again, or log in as whoever it belongs to")
