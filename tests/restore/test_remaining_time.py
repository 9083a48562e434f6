"""The time that a restoration says it will still take is true, and a stop is heeded at once; with the bundled weights."""

import threading
import time

import pytest
from made import made_photo

from restore.errors import RestorationCancelledError
from restore.restorer import Progress, Restorer
from restore.tiling import Tiling

_TRIES = 3  # a machine with other work may be busier at the end than at the beginning


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    restorer = Restorer(tiling=Tiling(tile=128, overlap=32), device="cpu")
    restorer.restore(made_photo(128, 128, "RGB"))  # what the first tile of all has to set up
    return restorer


def told(restorer: Restorer) -> tuple[list[Progress], list[float]]:
    """What is told of a photo of 35 tiles, and how long it really still took each time, in seconds."""
    seen: list[tuple[Progress, float]] = []
    restorer.restore(made_photo(700, 500, "RGB"), progress=lambda step: seen.append((step, time.perf_counter())))
    end = seen[-1][1]
    return [step for step, _ in seen], [end - moment for _, moment in seen]


def test_after_a_fifth_of_the_tiles_the_time_left_is_true_within_30_percent(restorer: Restorer):
    missed = []
    for _ in range(_TRIES):
        steps, left = told(restorer)
        assert steps[-1].total == 35
        remaining = [step.remaining_s for step in steps[1:]]
        assert remaining == sorted(remaining, reverse=True), "it went backwards"
        assert [step.done for step in steps] == list(range(36))
        fifth = steps[7].remaining_s
        assert fifth is not None
        if abs(fifth - left[7]) <= 0.3 * left[7]:
            return
        missed.append((fifth, left[7]))
    pytest.fail(f"said and was, in seconds: {missed}")


def test_small_tiles_at_the_border_are_not_taken_for_whole_ones(restorer: Restorer):
    """Half of the tiles of a photo whose last row is low: their pixels count, not their number."""
    steps: list[Progress] = []
    restorer.restore(made_photo(112, 210, "RGB"), progress=steps.append)
    first = steps[1]
    assert first.total == 2
    assert first.remaining_s is not None
    assert first.remaining_s < 0.95 * first.elapsed_s


def test_a_stop_frees_the_network_within_a_second(restorer: Restorer):
    stop, begun = threading.Event(), threading.Event()
    ended: list[float] = []

    def restore() -> None:
        with pytest.raises(RestorationCancelledError):
            restorer.restore(
                made_photo(4_000, 3_000, "RGB"),
                progress=lambda step: begun.set() if step.done else None,
                cancelled=stop.is_set,
            )
        ended.append(time.perf_counter())

    thread = threading.Thread(target=restore)
    thread.start()
    assert begun.wait(timeout=60)
    stopped = time.perf_counter()
    stop.set()
    thread.join(timeout=60)
    assert ended[0] - stopped < 1
