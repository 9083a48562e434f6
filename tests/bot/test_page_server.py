"""The server around the page: its address, its headers, its health."""

import socket
from concurrent.futures import Future

import pytest
from fastapi.testclient import TestClient

from bot.errors import UserError
from bot.page.server import create_app, serve
from bot.service import Bot


@pytest.fixture(scope="module")
def ready() -> Future[None]:
    return Future()


@pytest.fixture(scope="module")
def client(bot: Bot, ready: Future[None]) -> TestClient:
    return TestClient(create_app(bot, bot.settings, ready))


def test_health_says_whether_it_can_answer_yet(client: TestClient, ready: Future[None]):
    assert client.get("/healthz").json() == {"status": "ok", "ready": False}
    ready.set_result(None)
    assert client.get("/healthz").json() == {"status": "ok", "ready": True}


@pytest.mark.parametrize("path", ["/", "/healthz", "/unblur/page.js", "/theme.css", "/nothing"])
def test_every_response_carries_the_security_headers(client: TestClient, path: str):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_page_loads_nothing_from_another_host(client: TestClient):
    page = client.get("/").text
    assert '<script src="https:' not in page
    assert "fonts.googleapis" not in page
    assert client.get("/config").json()["analytics_enabled"] is False


def test_documentation_pages_are_not_offered(client: TestClient):
    for path in ("/docs", "/redoc", "/openapi.json", "/monitoring"):
        assert client.get(path).status_code in (401, 403, 404)


def test_a_busy_port_is_one_line_with_what_to_do(bot: Bot):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(UserError, match=rf"cannot listen on 127.0.0.1 port {port}.*--port"):
            serve(create_app(bot, bot.settings), "127.0.0.1", port, on_serving=print)


def test_an_address_that_is_not_ours_is_one_line(bot: Bot):
    with pytest.raises(UserError, match="cannot listen on 203"):
        serve(create_app(bot, bot.settings), "203.0.113.1", 0, on_serving=print)
