"""The time that a restoration says it will still take is true, and a stop is heeded at once; with the bundled weights."""

import threading
import time
from types import SimpleNamespace

import pytest
from made import made_photo

from restore.errors import RestorationCancelledError
from restore.restorer import Progress, Restorer, _Clock
from restore.tiling import Tiling

_TILES = 20


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    restorer = Restorer(tiling=Tiling(tile=128, overlap=32), device="cpu")
    restorer.restore(made_photo(128, 128, "RGB"))  # what the first tile of all has to set up
    return restorer


def told(restorer: Restorer) -> tuple[list[Progress], list[float]]:
    """What is told of a photo, and how long it really still took each time, in seconds."""
    seen: list[tuple[Progress, float]] = []
    restorer.restore(made_photo(500, 400, "RGB"), progress=lambda step: seen.append((step, time.process_time())))
    end = seen[-1][1]
    return [step for step, _ in seen], [end - moment for _, moment in seen]


def test_after_a_fifth_of_the_tiles_the_time_left_is_true_within_30_percent(
    restorer: Restorer, monkeypatch: pytest.MonkeyPatch
):
    clock = SimpleNamespace(
        perf_counter=time.process_time
    )  # this process's own seconds, whatever else the machine does
    monkeypatch.setattr("restore.restorer.time", clock)
    missed = []
    for _ in range(2):
        steps, left = told(restorer)
        assert [step.done for step in steps] == list(range(_TILES + 1))
        remaining = [step.remaining_s for step in steps[1:]]
        assert remaining == sorted(remaining, reverse=True), "it went backwards"
        fifth = steps[_TILES // 5].remaining_s
        assert fifth is not None
        if abs(fifth - left[_TILES // 5]) <= 0.3 * left[_TILES // 5]:
            return
        missed.append((fifth, left[_TILES // 5]))
    pytest.fail(f"said and was, in seconds: {missed}")


def test_small_tiles_at_the_border_are_not_taken_for_whole_ones():
    """Of two tiles the second has a sixth of the first one's pixels, so a sixth of its time is left."""
    steps: list[Progress] = []
    clock = _Clock([60, 10], steps.append)
    clock.show(0)
    clock.show(1)
    assert steps[1].remaining_s == pytest.approx(steps[1].elapsed_s / 6)


def test_a_stop_frees_the_network_within_a_second(restorer: Restorer):
    stop, begun = threading.Event(), threading.Event()
    ended: list[float] = []
    tiles: list[float] = []

    def progress(step: Progress) -> None:
        tiles.append(time.perf_counter())
        if step.done:
            begun.set()

    def restore() -> None:
        with pytest.raises(RestorationCancelledError):
            restorer.restore(
                made_photo(1_500, 1_000, "RGB"),
                progress=progress,
                cancelled=stop.is_set,
            )
        ended.append(time.perf_counter())

    thread = threading.Thread(target=restore)
    thread.start()
    assert begun.wait(timeout=60)
    stopped = time.perf_counter()
    stop.set()
    thread.join(timeout=60)
    assert ended[0] - stopped < max(1, tiles[1] - tiles[0])  # a tile takes far less than a second on a machine at rest
