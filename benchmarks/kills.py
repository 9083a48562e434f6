"""What is left when the server is killed: `python -m benchmarks.kills [--kills N] [--seed N]`.

The real application in a process of its own gets SIGKILL at random moments of an answer or of a restoration, and is started
again on the same data folder. Wanted, every time: the conversation is there and listed, the half-done turn is marked, every
database is whole, no half-written photo is left, and the next turn works.
"""

import argparse
import contextlib
import io
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from store.embedding import Vectors

_SLOW_S = 0.15  # what the quick model takes for a question, so that there is time to be killed in
_API = "gradio_api/"
_PATIENCE_S = 120


class SlowLetters:
    """Counts letters, slowly: enough where sources are asked for by name."""

    name, dimension = "letters", 128

    def __init__(self) -> None:
        self.pause_s = 0.0

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: float32 (texts, 128), each row of length 1."""
        time.sleep(self.pause_s)
        counts = np.array([[1e-3 + text.count(chr(code)) for code in range(128)] for text in texts], dtype=np.float32)
        counts = counts.reshape(-1, 128)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def serve() -> None:
    """Serve the application over the bundled briefs on any free port and print its address."""
    import uvicorn

    from bot.opening import put_bundled
    from bot.page.server import create_app
    from bot.privacy import keep_everything_here
    from bot.service import Bot
    from bot.settings import Settings
    from store.store import Store

    keep_everything_here()
    settings, embedder = Settings(), SlowLetters()
    store = Store.in_memory(embedder)
    put_bundled(store)
    embedder.pause_s = _SLOW_S

    class Telling(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            print(f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}/", flush=True)

    Telling(uvicorn.Config(create_app(Bot(store, settings), settings), port=0, log_level="critical")).run()


class Browser:
    """Somebody's browser, which keeps its cookie and speaks to the server as the page's script does."""

    def __init__(self, address: str, cookies: httpx.Cookies | None = None) -> None:
        self.client = httpx.Client(base_url=address, cookies=cookies, timeout=_PATIENCE_S)
        self.client.get("").raise_for_status()
        functions = self.client.get("config").json()["dependencies"]
        self._named = next(one["id"] for one in functions if one["api_name"] == "ask")
        self._typed = next(one["id"] for one in functions if [target[1] for target in one["targets"]] == ["submit"])

    def begin(self, question: str, thread: str, photo: bytes | None = None) -> str:
        """Ask something as the page does; returns the session that hears of it."""
        files = []
        if photo is not None:
            path = self.client.post(f"{_API}upload", files={"files": ("photo.png", photo, "image/png")}).json()[0]
            files = [{"path": path, "orig_name": "photo.png", "meta": {"_type": "gradio.FileData"}}]
        return self._join(self._typed, [{"text": question, "files": files}, thread])

    def told(self, session: str) -> Iterator[str]:
        """What the page is told of a session, event by event, to the end or until the server is gone."""
        listening = self.client.stream("GET", f"{_API}queue/data", params={"session_hash": session})
        with contextlib.suppress(httpx.TransportError), listening as stream:
            for line in stream.iter_lines():
                if '"close_stream"' in line:
                    return
                if line.startswith("data:"):
                    yield line

    def ask(self, question: str, thread: str) -> dict[str, Any]:
        """Ask as a program does; returns the answer."""
        done = json.loads(
            list(self.told(self._join(self._named, [question, thread, [], "", []])))[-1].removeprefix("data:")
        )
        if not done["success"]:
            raise RuntimeError(f"no answer: {done}")
        answer: dict[str, Any] = done["output"]["data"][0]
        return answer

    def turns(self, thread: str) -> list[dict[str, Any]]:
        """The turns of a conversation as its export tells them; none where it is not one's own."""
        exported = self.client.get(f"unblur/conversations/{thread}/conversation.json")
        return list(exported.json()["turns"]) if exported.status_code == 200 else []

    def _join(self, function: int, data: list[Any]) -> str:
        session = uuid.uuid4().hex[:12]
        body = {"data": data, "fn_index": function, "session_hash": session, "trigger_id": None, "event_data": None}
        self.client.post(f"{_API}queue/join", json=body).raise_for_status()
        return session


class Killable:
    """A server that can be killed and started again, and one browser that knows it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._cookies: httpx.Cookies | None = None
        self.start()

    def start(self) -> None:
        """Start the server on the same data folder."""
        environment = os.environ | {"UNBLUR_HOME": str(self.home), "GRADIO_TEMP_DIR": str(self.home / "uploads")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.kills", "--serve"],
            cwd=Path(__file__).parents[1], env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout
        address = self._process.stdout.readline().strip()
        if not address:
            raise RuntimeError("the server did not start")
        self.browser = Browser(address, self._cookies)

    def kill(self) -> None:
        """Kill the server, as a power cut would."""
        self._cookies = self.browser.client.cookies
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.browser.client.close()


def picture(width: int, height: int) -> bytes:
    """A soft photo as PNG."""
    y, x = np.mgrid[:height, :width]
    bands = np.stack([np.sin(x / 5) * 90 + 120, np.cos(y / 7) * 80 + 120, (x + y) % 64 * 3], axis=2)
    encoded = io.BytesIO()
    Image.fromarray(bands.clip(0, 255).astype(np.uint8)).save(encoded, "PNG")
    return encoded.getvalue()


def faults(server: Killable, thread: str, asked: Sequence[str]) -> list[str]:
    """What is wrong after a restart with a conversation in which `asked` was asked, the last of it cut off."""
    found = []
    turns = server.browser.turns(thread)
    if [turn["question"] for turn in turns] != list(asked):
        found.append(f"the conversation holds {[turn['question'] for turn in turns]} and not {list(asked)}")
    found += [f"{turn['question']!r} lost its answer" for turn in turns[:-1] if turn["answer"] is None]
    for file in server.home.rglob("*.sqlite3"):
        with contextlib.closing(sqlite3.connect(file)) as database:
            verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            found.append(f"{file.name}: {verdict}")
    with contextlib.closing(sqlite3.connect(server.home / "conversations.sqlite3")) as database:
        if not database.execute("SELECT 1 FROM conversations WHERE thread = ?", (thread,)).fetchone():
            found.append("the conversation is not listed")
    return found + [f"half-made: {file.name}" for file in half_made(server.home)]


def half_made(home: Path) -> list[Path]:
    """Files of photos that were not completed."""
    files = [file for file in (home / "photos").rglob("*") if file.is_file()]
    return [
        file
        for file in files
        if file.suffix in (".part", ".taken") or not (file.parent / f"{file.name.split('.')[0]}.json").exists()
    ]


def main() -> None:
    """Kill and look, again and again; the exit status says whether anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--serve", action="store_true", help="be the server that is killed (used by the program itself)"
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.serve:
        serve()
        return
    chance = random.Random(chosen.seed)
    wrong = cut = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Killable(Path(folder))
        for number in range(chosen.kills):
            thread, with_photo = uuid.uuid4().hex, number % 5 < 2
            list(server.browser.told(server.browser.begin("Tell me about CausalSR", thread)))
            second = "Can you sharpen this one?" if with_photo else "Does it have code?"
            server.browser.begin(second, thread, picture(1_100, 500) if with_photo else None)
            time.sleep(chance.uniform(0, 6 if with_photo else 0.8))
            server.kill()
            server.start()
            asked = ["Tell me about CausalSR", second]
            begun = len(server.browser.turns(thread)) == 2  # else the kill came before the server had read the question
            found = faults(server, thread, asked if begun else asked[:1])
            cut += begun and server.browser.turns(thread)[-1]["answer"] is None
            if server.browser.ask("Does it have code?", thread)["refused"]:
                found.append("the next turn does not know what was spoken of")
            wrong += bool(found)
            print(f"{number + 1}: {second} {'; '.join(found) or 'ok'}", flush=True)
        server.kill()
    print(f"{chosen.kills} kills, {cut} in mid-answer, {wrong} left something wrong (seed {chosen.seed})")
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
