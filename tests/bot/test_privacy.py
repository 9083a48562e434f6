"""Nothing leaves the machine: a guard in every Python process of ours notes what would go beyond it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "bot" / "page" / "samples"

# Python runs it in each process before anything else.
GUARD = """
import os, socket, sys

HERE = ("127.0.0.1", "::1", "localhost", None, "", b"localhost")


def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple) or address[0] in HERE:
            return
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        if arguments[0] in HERE:
            return
        address = arguments[0]
    else:
        return
    with open(os.environ["WENT_OUT"], "a") as attempts:
        attempts.write(f"{event} {address!r}\\n")
    raise OSError("no way out")


with open(os.environ["WENT_OUT"] + ".guarded", "a") as guarded:
    guarded.write(f"{os.getpid()}\\n")
sys.addaudithook(note)
"""


@pytest.fixture
def guarded(tmp_path: Path, all_sending_asked_for: dict[str, str]) -> dict[str, str]:
    """An environment that asks for everything which would send something, and notes every attempt."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    path = os.pathsep.join([str(tmp_path / "guard"), str(Path(__file__).parents[2])])
    return os.environ | {
        "PYTHONPATH": path,
        "WENT_OUT": str(tmp_path / "attempts"),
        "UNBLUR_HOME": str(tmp_path / "home"),
        **all_sending_asked_for,
    }


def attempts(guarded: dict[str, str]) -> str:
    """What would have gone out."""
    noted = Path(guarded["WENT_OUT"])
    return noted.read_text() if noted.exists() else ""


def test_a_question_and_a_restoration_try_to_go_nowhere_even_with_tracing_asked_for(
    guarded: dict[str, str], tmp_path: Path
):
    restored = ["ask", "--thread", "here", "--photo", str(next(SAMPLES.glob("*.jpg"))), "Please make this photo sharp."]
    asked = ["ask", "How does MSSNet remove blur?"]
    both = f"import sys; from bot.cli import run; sys.exit(run({restored!r}) or run({asked!r}))"
    done = subprocess.run([sys.executable, "-c", both], capture_output=True, text=True, env=guarded, timeout=280)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "home" / "photos").glob("*/result-1.jpg"))
    assert "MSSNet is" in done.stdout
    assert attempts(guarded) == ""
    assert len(Path(f"{guarded['WENT_OUT']}.guarded").read_text().splitlines()) > 1  # the children are watched, too


def test_the_guard_notices_who_goes_out(guarded: dict[str, str]):
    tries = (
        "import socket, contextlib, urllib.request\n"
        "for go in (lambda: socket.create_connection(('192.0.2.1', 9), 1), lambda: socket.getaddrinfo('example.org', 80),\n"
        "           lambda: urllib.request.urlopen('http://198.51.100.7/', timeout=1)):\n"
        "    with contextlib.suppress(OSError):\n"
        "        go()\n"
    )
    subprocess.run([sys.executable, "-c", tries], env=guarded, check=True, timeout=60)
    noted = attempts(guarded)
    assert all(name in noted for name in ("192.0.2.1", "example.org", "198.51.100.7"))
