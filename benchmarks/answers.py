"""How long an answer and a start take: `python -m benchmarks.answers [--rounds N]`.

Embedded answers over the bundled briefs (median and 95th percentile, after loading), and the time from the start of `unblur chat`
on an empty data folder to its first page over loopback.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.refusals import ANSWERABLE, NEAR_MISS, OFF_TOPIC
from bot.opening import put_bundled
from bot.privacy import keep_everything_here
from bot.service import Bot, Request
from bot.settings import Settings
from store.embedding import SentenceTransformerEmbedder
from store.store import Store

_START_LIMIT_S = 120


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    keep_everything_here()
    began = time.perf_counter()
    store = Store.in_memory(SentenceTransformerEmbedder())
    put_bundled(store)
    bot = Bot(store, Settings(), keep_threads=False)
    loaded = time.perf_counter() - began
    supplied = [record.question or "" for record in store.briefs()]
    bot.ask(Request(supplied[0]))  # loads what loads late
    print(f"{'what':<44} {'median s':>9} {'95 % s':>8} {'n':>5}")
    for name, questions in (
        ("the supplied questions, three parts", supplied),
        ("answerable questions", ANSWERABLE),
        ("refusals", NEAR_MISS + OFF_TOPIC),
    ):
        times = [_seconds(bot, question) for _ in range(rounds) for question in questions]
        ordered = sorted(times)
        print(
            f"{name:<44} {statistics.median(times):>9.3f} {ordered[int(0.95 * (len(ordered) - 1))]:>8.3f} {len(times):>5}"
        )
    store.close()
    print(f"{'loading the model and the bundled briefs':<44} {loaded:>9.1f}")
    starts = [_start_seconds() for _ in range(rounds)]
    print(f"{'`unblur chat` on an empty folder to its page':<44} {statistics.median(starts):>9.1f} {'':>8} {rounds:>5}")


def _seconds(bot: Bot, question: str) -> float:
    began = time.perf_counter()
    bot.ask(Request(question))
    return time.perf_counter() - began


def _start_seconds() -> float:
    """From the command to a page that was read in full."""
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[1],
            env=os.environ | {"UNBLUR_HOME": home},
        )
        try:
            assert server.stdout is not None
            address = re.search(r"http://\S+", server.stdout.readline())
            if address is None:
                raise RuntimeError("the server ended without an address: run `unblur chat` to see why")
            while time.perf_counter() - began < _START_LIMIT_S:
                try:
                    with urllib.request.urlopen(address.group(), timeout=5) as page:
                        page.read()
                    return time.perf_counter() - began
                except OSError:
                    time.sleep(0.05)
            raise RuntimeError(f"no page within {_START_LIMIT_S} s")
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
