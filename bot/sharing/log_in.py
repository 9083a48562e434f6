"""Logging in and out: plain forms, which work without a script."""

from html import escape
from pathlib import Path
from string import Template
from typing import Annotated
from urllib.parse import parse_qs

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bot.sharing.accounts import Accounts
from bot.sharing.limits import LogInBrake
from bot.sharing.ownership import ID
from bot.sharing.people import People, owner_of_request

_PAGES = Path(__file__).with_name("pages")
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
}  # browsers name this site when they send a form
_WRONG = "Name or password is wrong. Try again."


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; the gate let only a short one through."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=8)
    return {name: values[-1] for name, values in fields.items()}


_Form = Annotated[dict[str, str], Depends(_form)]


def log_in_routes(people: People, accounts: Accounts | None, brake: LogInBrake) -> APIRouter:
    """The routes of the log-in; without accounts they only lead to the page."""
    router = APIRouter()

    @router.get("/login")
    async def ask(request: Request, thread: str = "") -> Response:
        """The form."""
        if accounts is None or owner_of_request(request).startswith("user:"):
            return _to_page(request, thread)
        return _log_in_page("", "", thread)

    @router.post("/login")
    async def log_in(request: Request, form: _Form) -> Response:
        """Log in; every log-in has a session of its own, and ends the one that the browser had."""
        name, thread = form.get("username", "").strip().lower(), form.get("thread", "")
        by_person = "text/html" in request.headers.get("accept", "")
        if accounts is None or people.log_ins is None:
            return _to_page(request, thread) if by_person else JSONResponse({"success": True})
        keys = [f"name:{name[:64]}", f"from:{request.client.host if request.client else ''}"]
        if (wait_s := brake.wait_s(keys)) > 0:
            line = "Too many tries. Wait a moment, then try again."
            return _refusal(429, line, name, thread, by_person, {"Retry-After": str(int(wait_s) + 1)})
        if not await to_thread.run_sync(accounts.verify, name, form.get("password", "")):
            return _refusal(401, _WRONG, name, thread, by_person, {})
        brake.succeeded(keys)
        _end(people, request)
        cookie = people.cookies.for_log_in(people.log_ins.begin(name))
        response = _to_page(request, thread) if by_person else JSONResponse({"success": True})
        people.give(response, request.scope, cookie)
        return response

    @router.get("/account")
    async def account(request: Request) -> Response:
        """Who is logged in, and the way out."""
        if accounts is None:
            return _to_page(request, "")
        name = owner_of_request(request).removeprefix("user:")
        mark = people.cookies.form_mark(people.cookie(request.scope))
        return _page("account.html", name=name, mark=mark)

    @router.post("/logout")
    async def log_out(request: Request, form: _Form) -> Response:
        """Log out; only a form of this very session can."""
        cookie = people.cookie(request.scope)
        if form.get("mark") != people.cookies.form_mark(cookie):
            line = "this form is of another session: open the account page again, and log out there"
            return JSONResponse({"detail": line, "error": line}, 403)
        _end(people, request)
        response = RedirectResponse(f"{request.scope.get('root_path', '')}/login", 303, _HEADERS)
        people.give(response, request.scope, "")
        return response

    return router


def _end(people: People, request: Request) -> None:
    token = people.cookies.log_in(people.cookie(request.scope))
    if token and people.log_ins is not None:
        people.log_ins.end(token)


def _to_page(request: Request, thread: str) -> Response:
    query = f"?thread={thread}" if ID.fullmatch(thread) else ""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/{query}", 303, _HEADERS)


def _refusal(status: int, line: str, name: str, thread: str, by_person: bool, headers: dict[str, str]) -> Response:
    if by_person:
        response: Response = _log_in_page(line, name, thread)
        response.status_code = status
    else:
        response = JSONResponse({"detail": line, "error": line}, status)
    response.headers.update(headers)
    return response


def _log_in_page(problem: str, name: str, thread: str) -> HTMLResponse:
    return _page("log_in.html", problem=problem, name=name[:64], thread=thread if ID.fullmatch(thread) else "")


def _page(file: str, **values: str) -> HTMLResponse:
    style = (_PAGES / "log_in.css").read_text(encoding="utf-8")
    page = Template((_PAGES / file).read_text(encoding="utf-8"))
    return HTMLResponse(
        page.substitute({key: escape(value) for key, value in values.items()}, style=style), headers=_HEADERS
    )
