"""What holds for all tests: their order, their patience, made-up examples that are the same at every run.

HYPOTHESIS_EXPLORE=1 makes new examples.
"""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True)
if not os.environ.get("HYPOTHESIS_EXPLORE"):
    settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the page last: its server and its browser stay open until the end, and would slow the others."""
    items.sort(key=lambda item: "browser" in item.path.parts)


class Pace:
    """How slow the machine is: others may take most of it, today or just now, and a limit in seconds is meant for a quiet one."""

    QUIET_S = 0.15  # what `_slowness` measures on two quiet cores of a laptop
    _WORK = "sum(number * number for number in range(2_000_000))"

    def __init__(self) -> None:
        self._before = self._slowness()

    def limit(self, seconds: float) -> float:
        """A limit of so many seconds on a quiet machine, as long as this one needs, by how it was before and how it is now."""
        return seconds * max(1.0, self._before, self._slowness())

    def _slowness(self) -> float:
        """How many times as long as on a quiet machine two processes take that run at the same time."""
        began = time.monotonic()
        for process in [subprocess.Popen([sys.executable, "-I", "-S", "-c", self._WORK]) for _ in range(2)]:
            process.wait()
        return (time.monotonic() - began) / self.QUIET_S


@pytest.fixture
def pace() -> Pace:
    """Stretches limits in seconds; ask for it before what is timed, and for each limit after it."""
    return Pace()


@pytest.fixture
def all_sending_asked_for() -> dict[str, str]:
    """The variables with which libraries are told to send something of what they do to their makers."""
    return {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": "lsv2_made_up",
        "LANGCHAIN_TRACING_V2": "true",
        "LANGCHAIN_API_KEY": "lsv2_made_up",
        "GRADIO_ANALYTICS_ENABLED": "True",
        "ANONYMIZED_TELEMETRY": "True",
        "HF_HUB_DISABLE_TELEMETRY": "0",
    }
