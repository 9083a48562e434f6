"""What is too large, too much or cut off is refused in one line, and leaves nothing behind."""

import contextlib
import resource
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from talk import API, PIXEL, function, join, new_session, upload

from bot.errors import UserError
from bot.sharing.limits import HourlyAllowance

MB = 1_000_000


@pytest.fixture(scope="module")
def small(serve):
    return serve(max_upload_megabytes=2, max_upload_files=3, max_waiting=2, photos_per_hour=5)


@pytest.fixture
def browser(small):
    """A new browser each time, with limits of its own."""
    with small.client() as client:
        client.get("")
        yield client


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def raw_upload(address: str, head: str, body: bytes) -> bytes:
    """Send an upload by hand, then hang up or read what is said."""
    at = urlsplit(address)
    with socket.create_connection((at.hostname, at.port), timeout=10) as connection:
        kind = "content-type: multipart/form-data; boundary=b"
        lines = [f"POST /{API}upload HTTP/1.1", f"host: {at.netloc}", kind, head, "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)
        if "999999" not in head:
            return connection.recv(4096)
    return b""


def part(name: str, content: bytes) -> bytes:
    return b'--b\r\ncontent-disposition: form-data; name="files"' + name.encode() + b"\r\n\r\n" + content


def test_a_field_of_96_mb_is_refused_before_it_is_read(small, browser, uploads: Path):
    already = files_in(uploads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    head = b"--b\r\ncontent-disposition: form-data; name=files\r\n\r\n"
    kind = {"content-type": "multipart/form-data; boundary=b"}
    for length in ({"content-length": str(len(head) + 96 * MB)}, {}):  # with a length, and in pieces without one
        pieces = (head if number == 0 else b"x" * MB for number in range(97))
        with contextlib.suppress(httpx.TransportError):  # the server may hang up in the middle of it
            assert browser.post(f"{API}upload", content=pieces, headers=kind | length).status_code in (400, 413)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
    assert files_in(uploads) <= already


def test_a_large_question_is_refused_in_one_line(browser):
    reply = join(browser, new_session(), 0, ["x" * 5 * MB, ""])
    assert reply.status_code == 413
    assert reply.json()["detail"] == "the request is larger than 4 MB: send less at once, or a smaller photo"


def test_a_photo_that_is_too_large_is_refused_in_plain_words(browser, uploads: Path):
    reply = upload(browser, b"x" * 3 * MB)
    assert (reply.status_code, reply.text[:36]) == (413, "the upload is larger than 2 MB: send")
    assert upload(browser, b"x" * int(1.9 * MB)).status_code == 200


@pytest.mark.parametrize("count", [4, 1000])
def test_too_many_photos_at_once_are_refused(browser, uploads: Path, count: int):
    before = files_in(uploads)
    reply = browser.post(f"{API}upload", files=[("files", (f"{n}.png", PIXEL, "image/png")) for n in range(count)])
    assert reply.status_code == 413
    assert reply.text == "more than 3 photos at once are not taken: send them in turns"
    assert files_in(uploads) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"files": "x"}},
        {"files": {"other": ("a.png", PIXEL)}},
        {"files": {"files": ("a.png", PIXEL)}, "data": {"note": "x"}},
        {"json": {}},
    ],
)
def test_an_upload_of_anything_but_photos_is_refused(browser, uploads: Path, fields: dict[str, object]):
    before = files_in(uploads)
    assert browser.post(f"{API}upload", **fields).status_code == 400
    assert files_in(uploads) == before


def test_uploads_that_are_cut_off_leave_nothing(small, uploads: Path):
    before = files_in(uploads)
    for _ in range(10):
        raw_upload(small.address, "content-length: 999999", part('; filename="a.png"', b"x" * 300_000))
    said = raw_upload(small.address, "content-length: 100", part('; filename="a.png"', b"x" * 100)[:100])
    assert b"400" in said.splitlines()[0]
    assert b"ended too early" in said
    time.sleep(0.3)
    assert files_in(uploads) == before


def test_very_long_names_do_no_harm(browser):
    assert upload(browser, name=f"{'x' * 1000}.png").status_code == 200
    assert upload(browser, name=f"{'x' * 20_000}.png").status_code == 400


def test_photos_an_hour_are_counted_for_each_browser(small, browser):
    for number in range(5):
        assert upload(browser, PIXEL + bytes([number])).status_code == 200
    reply = upload(browser)
    assert reply.status_code == 429
    assert reply.text == "you sent 5 photos within an hour, and 5 are taken: try again in 60 minutes"
    with small.client() as other:
        other.get("")
        assert upload(other).status_code == 200


def test_briefs_are_counted_apart_from_photos(browser):
    for number in range(5):
        assert upload(browser, PIXEL + bytes([number])).status_code == 200
        assert upload(browser, b"Model: A", f"{number}.txt").status_code == 200
    assert upload(browser).status_code == 429
    reply = upload(browser, b"Model: A", "brief.MD")
    assert reply.text == "you sent 5 briefs within an hour, and 5 are taken: try again in 60 minutes"


def test_the_allowance_comes_back_as_the_hour_passes():
    now = [0.0]
    allowance = HourlyAllowance(2, clock=lambda: now[0])
    allowance.take("alice")
    now[0] = 1800
    allowance.take("alice")
    with pytest.raises(UserError, match="try again in 30 minutes"):
        allowance.take("alice")
    allowance.take("bob", 2)
    now[0] = 3600
    allowance.take("alice")


def test_a_queue_of_ones_own_is_not_endless(browser):
    number = function(browser, "ask")
    replies = [join(browser, new_session(), number, ["tell me about CausalSR", "", [], "", []]) for _ in range(6)]
    refused = [reply for reply in replies if reply.status_code == 429]
    assert refused
    assert refused[0].json()["detail"].endswith("waiting already: wait until one is done, then ask again")
    deadline = time.monotonic() + 20
    while join(browser, new_session(), number, ["hi", "", [], "", []]).status_code == 429:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_body_that_is_no_json_or_very_deep_is_refused(browser):
    for content in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        assert browser.post(f"{API}queue/join", content=content).status_code == 400
