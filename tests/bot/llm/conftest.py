"""A bot whose language model is a scripted server on loopback."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.service import Bot
from bot.settings import Settings
from store.store import Store

sys.path.insert(0, str(Path(__file__).parent))  # test folders are no packages: this is where `scripted` stands

from scripted import ScriptedServer, settings_for


@pytest.fixture(scope="session")
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def scripted_settings(server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(server.url, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def talker(store: Store, scripted_settings: Settings) -> Bot:
    """A bot whose language model says what the test scripts."""
    return Bot(store, scripted_settings)
