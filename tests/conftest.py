"""What holds for all tests: their order, made-up examples that are the same at every run (HYPOTHESIS_EXPLORE=1 for new ones)."""

import os

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True)
if not os.environ.get("HYPOTHESIS_EXPLORE"):
    settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the page last: its server and its browser stay open until the end, and would slow the others."""
    items.sort(key=lambda item: "browser" in item.path.parts)


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
