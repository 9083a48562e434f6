"""Errors in the form that OpenAI's clients read: a status, and one line that says what happened and what to do."""

from typing import Any

from starlette.responses import JSONResponse

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """A request that cannot be answered."""

    def __init__(self, status: int, line: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(line)
        self.status = status
        self.line = line
        self.code = code
        self.param = param

    def response(self) -> JSONResponse:
        """The error as a reply."""
        return error_response(self.status, self.line, code=self.code, param=self.param)


def error_object(status: int, line: str, *, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """The error as OpenAI's format has it."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": line, "type": kind, "param": param, "code": code}}


def error_response(
    status: int,
    line: str,
    *,
    code: str | None = None,
    param: str | None = None,
    retry_after_s: int | None = None,
) -> JSONResponse:
    """The error as a reply; `retry_after_s` is when to try again."""
    headers = {"Cache-Control": "no-store"}
    if retry_after_s is None and status == 429:
        retry_after_s = 5
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    return JSONResponse(error_object(status, line, code=code, param=param), status, headers)
