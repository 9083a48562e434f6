"""Behind a reverse proxy, below a path of its own."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import anyio
import httpx
import pytest
from gradio_client import Client
from sharing_users import PASSWORDS
from starlette.types import Receive, Scope, Send

from bot.errors import UserError
from bot.sharing.proxy import BehindProxy, networks

TRUSTED = networks("127.0.0.1, 10.0.0.0/8")


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:
        pass
    finally:
        with closing(target):
            pass


class Proxy:
    """A small reverse proxy: shows a server below /tools/unblur, one request a connection."""

    def __init__(self, port: int, *, strips: bool) -> None:
        self.port, self.strips = port, strips
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}/tools/unblur/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return
            head += piece
        lines, _, body = head.partition(b"\r\n\r\n")
        first, *headers = lines.decode("latin-1").split("\r\n")
        if self.strips:
            first = first.replace(" /tools/unblur", " ", 1)
        kept = [one for one in headers if not one.lower().startswith(("connection:", "host:"))]
        kept += ["host: inner.example", "connection: close", "x-forwarded-for: 198.51.100.7"]
        kept += ["x-forwarded-host: photos.example", "x-forwarded-proto: https"]
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            server.sendall("\r\n".join([first, *kept]).encode("latin-1") + b"\r\n\r\n" + body)
            threading.Thread(target=pump, args=(client, server), daemon=True).start()
            pump(server, client)


@pytest.fixture(scope="module")
def behind(serve):
    return serve(log_in=True, root_path="/tools/unblur")


@pytest.fixture(scope="module", params=[True, False], ids=["strips", "keeps"])
def proxy(behind, request: pytest.FixtureRequest) -> Iterator[Proxy]:
    proxy = Proxy(httpx.URL(behind.address).port, strips=request.param)
    yield proxy
    proxy.listener.close()


def test_the_page_and_its_parts_are_found_below_the_path(proxy: Proxy):
    with httpx.Client(base_url=proxy.address, timeout=30) as alice:
        sent = alice.get("", headers={"accept": "text/html"})
        assert sent.headers["location"] == "/tools/unblur/login"
        form = {"username": "alice", "password": PASSWORDS["alice"]}
        own = {"accept": "text/html", "origin": "https://photos.example"}
        back = alice.post("login", data=form, headers=own)
        assert back.headers["location"] == "/tools/unblur/"
        cookie = back.headers["set-cookie"]
        assert "Path=/tools/unblur;" in cookie
        assert "Secure" in cookie
        name, _, value = cookie.partition(";")[0].partition("=")
        alice.headers["cookie"] = f"{name}={value}"  # the browser speaks https to the proxy, which this test does not
        page = alice.get("")
        assert page.status_code == 200
        assert '"root":"https://photos.example/tools/unblur"' in page.text
        assert alice.get("config").json()["root"] == "https://photos.example/tools/unblur"
        assert alice.get("unblur/page.js").status_code == 200
        assert alice.get("theme.css").status_code == 200
        assert alice.get("healthz").json()["status"] == "ok"
        assert alice.get("account").status_code == 200


def test_a_foreign_site_is_told_from_the_one_that_the_proxy_shows(proxy: Proxy):
    for origin in ("https://inner.example", "http://photos.example:8080", "https://evil.example"):
        assert httpx.get(f"{proxy.address}healthz", headers={"origin": origin}).status_code == 403
    assert httpx.get(f"{proxy.address}healthz", headers={"origin": "https://photos.example"}).status_code == 200


def test_the_path_without_its_last_slash_leads_to_the_page(behind):
    reply = httpx.get(behind.address.rstrip("/"))
    assert (reply.status_code, reply.headers["location"]) == (307, "/tools/unblur/")


def test_a_program_asks_below_the_path(behind):
    client = Client(behind.address, auth=("alice", PASSWORDS["alice"]), verbose=False, analytics_enabled=False)
    assert client.predict("tell me about CausalSR", api_name="/ask")["mode"] == "source"
    client.close()


async def _seen_by_the_application(peer: str) -> tuple[str, str, str]:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    headers = [(b"host", b"inner.example"), (b"x-forwarded-for", b"203.0.113.9, 198.51.100.7")]
    headers += [(b"x-forwarded-host", b"photos.example"), (b"x-forwarded-proto", b"https"), (b"x-real-ip", b"1.1.1.1")]
    scope = {"type": "http", "path": "/", "scheme": "http", "client": (peer, 1), "headers": headers}
    await BehindProxy(app, root_path="", trusted=TRUSTED)(scope, None, None)  # type: ignore[arg-type]
    found = dict(seen[0]["headers"])
    assert not any(name.startswith(b"x-") for name in found)
    return seen[0]["client"][0], seen[0]["scheme"], found[b"host"].decode()


@pytest.mark.parametrize(
    ("peer", "seen"),
    [
        ("127.0.0.1", ("198.51.100.7", "https", "photos.example")),
        ("10.1.2.3", ("198.51.100.7", "https", "photos.example")),
        ("192.0.2.1", ("192.0.2.1", "http", "inner.example")),
    ],
)
def test_only_proxies_that_are_named_are_believed(peer: str, seen: tuple[str, str, str]):
    with ThreadPoolExecutor(1) as own:  # the browser's tests keep a loop running in this thread
        assert own.submit(anyio.run, _seen_by_the_application, peer).result() == seen


def test_proxies_that_are_none_are_one_line():
    with pytest.raises(UserError, match="UNBLUR_TRUSTED_PROXIES cannot be 'nginx'"):
        networks("nginx")
