"""Many people at once: `python -m benchmarks.load [--people 20] [--minutes 5] [--restoring 4] [--pause 5]`.

A real `unblur chat` in a process of its own; everybody has a browser's cookie of their own, talks about one subject in
conversations of two turns, reads each answer for half to one and a half times the pause, and some restore photos over and
over beside it. Everybody checks that what they get is theirs. Wanted: 95 % of the chat answers within 2 s, nothing mixed
up, and memory and open handles back within 10 % afterwards. The same questions are asked by one person alone before, so
that a busy machine can be told from a slow server.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from gradio_client import Client

from benchmarks.kills import Browser, picture

SUBJECTS = {"CausalSR": "https://github.com/Mnster00/CasualSR", "MSSNet": "https://github.com/kky7/MSSNet"}
GOAL_S = 2.0
GOAL_GROWTH = 1.10
_SETTLE_S = 20


@dataclass
class Log:
    """What happened to everybody."""

    chats_s: list[float] = field(default_factory=list)
    restorations_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)


def main() -> None:
    """Measure alone, then with everybody, then afterwards; the exit status says whether the goals were reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--restoring", type=int, default=4, help="how many of them restore photos (default 4)")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument(
        "--pause", type=float, default=5, help="seconds that people read an answer on average (default 5)"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as (address, process):
        alone, log = Log(), Log()
        talk(address, 0, time.monotonic() + 1, alone)  # loads what the first answer needs
        restore(address, 0, time.monotonic() + 1, alone)
        alone.chats_s.clear()
        talk(address, 0, time.monotonic() + 15, alone)
        before = held(process.pid)
        ends = time.monotonic() + 60 * chosen.minutes
        reading = partial(talk, pause_s=chosen.pause)
        people = [
            threading.Thread(
                target=restore if number < chosen.restoring else reading, args=(address, number, ends, log)
            )
            for number in range(chosen.people)
        ]
        for one in people:
            one.start()
        for one in people:
            one.join()
        time.sleep(_SETTLE_S)
        after = held(process.pid)
    print(f"alone:    {spread(alone.chats_s)}")
    print(f"together: {spread(log.chats_s)}; {len(log.restorations_s)} restorations, {spread(log.restorations_s)}")
    print(f"memory {before[0]:.0f} -> {after[0]:.0f} MB, open handles {before[1]} -> {after[1]}")
    print(f"{len(log.errors)} errors, {len(log.mixed)} mixed up")
    for line in [*log.errors, *log.mixed][:10]:
        print(f"  {line}")
    slow = sorted(log.chats_s)[int(0.95 * (len(log.chats_s) - 1))] > GOAL_S
    grown = any(now > GOAL_GROWTH * then for then, now in zip(before, after, strict=True))
    raise SystemExit(bool(slow or grown or log.errors or log.mixed or alone.errors))


@contextmanager
def served(home: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`unblur chat` on an empty home, ready to answer."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "chat", "--port", "0"],
        env={**os.environ, "UNBLUR_HOME": str(home), "UNBLUR_PHOTOS_PER_HOUR": "100000"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        yield process.stdout.readline().strip(), process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def talk(address: str, number: int, ends: float, log: Log, pause_s: float = 0) -> None:
    """Conversations of two turns about one subject, until the time is over."""
    dice = random.Random(number)
    subject, link = list(SUBJECTS.items())[number % len(SUBJECTS)]
    try:
        client = Client(address, verbose=False, analytics_enabled=False)
        while time.monotonic() < ends:
            thread = ""
            time.sleep(pause_s * dice.random())
            for question in (f"Tell me about {subject}", "Does it have code?"):
                began = time.monotonic()
                answer = client.predict(question, thread, api_name="/ask")
                log.chats_s.append(time.monotonic() - began)
                thread = thread or answer["thread"]
                time.sleep(pause_s * dice.uniform(0.5, 1.5))  # nobody reads in step with the others
                if answer["question"] != question or answer["thread"] != thread:
                    log.mixed.append(f"{number} asked {question!r} and got an answer to {answer['question']!r}")
            if link not in answer["answer"]:
                log.mixed.append(f"{number} spoke of {subject} and got {answer['answer'][:80]!r}")
        client.close()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is counted
        log.errors.append(f"{type(error).__name__}: {str(error)[:120]}")


def restore(address: str, number: int, ends: float, log: Log) -> None:
    """One photo after the other, each of a size that nobody else's has, until the time is over."""
    width, height = 600 + number, 400
    try:
        browser = Browser(address)
        while time.monotonic() < ends:
            thread, began = uuid.uuid4().hex, time.monotonic()
            told = list(browser.told(browser.begin("", thread, picture(width, height))))
            log.restorations_s.append(time.monotonic() - began)
            shown = browser.turns(thread)
            answer = shown[-1]["answer"] if shown else None
            if not (told and answer and answer["restoration"] and answer["restoration"]["width"] == width):
                log.mixed.append(f"{number} did not get the photo of {width} px back")
            if Browser(address).turns(thread):
                log.mixed.append(f"somebody else could read the conversation of {number}")
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is counted
        log.errors.append(f"{type(error).__name__}: {str(error)[:120]}")


def held(process: int) -> tuple[float, int]:
    """Resident memory in MB, and how many files and sockets are open (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(list(Path(f"/proc/{process}/fd").iterdir()))


def spread(seconds: list[float]) -> str:
    """Number, median, 95 % and longest."""
    if not seconds:
        return "none"
    ranked = sorted(seconds)
    return (
        f"{len(ranked)} in the median {statistics.median(ranked):.2f} s, "
        f"95 % {ranked[int(0.95 * (len(ranked) - 1))]:.2f} s, at most {ranked[-1]:.2f} s"
    )


if __name__ == "__main__":
    main()
