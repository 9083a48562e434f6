"""Run by `test_alone.py` in a network of its own: the chat from nothing, a first answer and a restored photo.

The one way out of that network leads nowhere, and what is sent that way is counted. Prints one JSON document.
"""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from reader import Reader, launch

OUT = "out0"
ITS_OWN = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # Chromium looks for its maker, whatever page it shows
)
_WAIT_MS = 120_000  # for the sample photo to be restored


def make_the_way_out() -> None:
    """Loopback, and a default route into one end of a cable whose other end leads nowhere."""
    for command in (
        "link set lo up",
        f"link add {OUT} type veth peer name {OUT}-end",
        f"link set {OUT} addrgenmode none up",  # without an address of version 6, of which it would tell its neighbours
        f"link set {OUT}-end addrgenmode none up",
        f"addr add 192.0.2.1/24 dev {OUT}",
        f"neigh add 192.0.2.2 lladdr 02:00:00:00:00:01 dev {OUT}",
        f"route add default via 192.0.2.2 dev {OUT}",
    ):
        subprocess.run(["ip", *command.split()], check=True)


def sent() -> int:
    """How many packets have gone out so far."""
    lines = (line.split(":") for line in Path("/proc/net/dev").read_text().splitlines() if ":" in line)
    return next(int(counts.split()[9]) for name, counts in lines if name.strip() == OUT)


def visit(address: str, began: float) -> tuple[int, float]:
    """Ask an example and restore the sample photo; how many markers the first answer has, and when it was there."""
    with sync_playwright() as playwright:
        page = launch(playwright, ITS_OWN).new_page()
        reader = Reader(page, address).open()
        reader.examples.first.click()
        markers = reader.wait_for_answer().locator("a.marker").count()
        seconds = time.monotonic() - began
        reader.ask("tell me about CausalSR")
        page.goto(address)
        page.get_by_role("button", name="Try it on a sample photo").click()
        expect(reader.answers).to_have_count(1, timeout=_WAIT_MS)
        expect(page.get_by_role("slider")).to_be_visible()
        return markers, seconds


def main() -> None:
    """Begin, ask, restore, and tell what it took and what went out."""
    make_the_way_out()
    before = sent()
    began = time.monotonic()
    environment = {**os.environ, "UNBLUR_HOME": sys.argv[1]}
    command = [sys.executable, "-m", "bot", "chat", "--port", "0"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        markers, seconds = visit(server.stdout.readline().strip(), began)
    finally:
        server.terminate()
        server.wait(timeout=20)
    packets = sent() - before
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:  # what does go out is counted
        one.sendto(b"?", ("198.51.100.7", 9))
    print(
        json.dumps({"seconds": seconds, "markers": markers, "packets": packets, "counted": sent() - before - packets})
    )


if __name__ == "__main__":
    main()
