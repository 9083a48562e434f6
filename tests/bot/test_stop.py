"""Stop in mid-restoration: the worker is free at once, and nothing of the half-made photo is left."""

import threading
import time
from pathlib import Path

from benchmarks.kills import half_made, picture
from bot.photos.album import Upload
from bot.service import Bot, Request, Step
from bot.settings import Settings
from store.store import Store


def test_stop_frees_the_worker_and_leaves_no_partial_file(store: Store, tmp_path: Path) -> None:
    bot, stop = Bot(store, Settings(home=tmp_path)), threading.Event()
    tiles: list[float] = []
    first = threading.Event()

    def talk() -> None:
        request = Request("", thread="t", photos=(Upload("wide.png", picture(1_900, 500)),), stop=stop)
        for event in bot.stream(request):
            if isinstance(event, Step) and event.fraction is not None:
                tiles.append(time.monotonic())
                if len(tiles) == 2:
                    first.set()

    talking = threading.Thread(target=talk)
    talking.start()
    assert first.wait(timeout=120), "no tile was done"
    stopped = time.monotonic()
    stop.set()
    assert bot.darkroom._turn.acquire(timeout=60)
    took = time.monotonic() - stopped
    bot.darkroom._turn.release()
    talking.join(timeout=60)
    assert took < max(1.0, tiles[1] - tiles[0]), "a tile takes no longer than a second where nothing else runs"
    assert len(tiles) < 5, "it went on after the stop"
    assert half_made(tmp_path) == []
    assert bot.darkroom.album("t").results() == []
    assert bot.ask(Request("Tell me about CausalSR", thread="t")).mode == "source"
