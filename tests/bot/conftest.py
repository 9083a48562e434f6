"""A real store of the bundled briefs, a real embedding model, and a bot over them."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from bot.answer import Answer
from bot.privacy import keep_everything_here
from bot.service import Bot, Request
from bot.settings import Settings
from ingest.pipeline import bundled_briefs
from store.embedding import SentenceTransformerEmbedder
from store.model import Brief, Entry, Kind, Source
from store.store import Store
from store.text import render_text

keep_everything_here()


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture(scope="session")
def briefs() -> list[Brief]:
    return bundled_briefs()


@pytest.fixture(scope="session")
def store(embedder: SentenceTransformerEmbedder, briefs: list[Brief]) -> Iterator[Store]:
    store = Store.in_memory(embedder)
    for brief in briefs:
        store.put(brief)
    yield store
    store.close()


@pytest.fixture(scope="session")
def bot(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Bot:
    return Bot(store, Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def ask(bot: Bot) -> Callable[..., Answer]:
    def ask(question: str, **held_to: object) -> Answer:
        return bot.ask(Request(question, **held_to))  # type: ignore[arg-type]

    return ask


@pytest.fixture(scope="module")
def ask_over(
    embedder: SentenceTransformerEmbedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Sequence[Entry]], Callable[[str], Answer]]]:
    """Ask over entries of a test's own."""
    store = Store.in_memory(embedder)

    def over(entries: Sequence[Entry]) -> Callable[[str], Answer]:
        store.put(Brief("own", None, tuple(entries), ""))
        bot = Bot(store, Settings(home=tmp_path_factory.mktemp("home")), keep_threads=False)
        return lambda question: bot.ask(Request(question))

    yield over
    store.close()


@pytest.fixture
def source() -> Source:
    summary = "We propose DeRainer, a network that removes rain. It gains 1.2 dB on Rain100."
    text = render_text("DeRainer: Rain Removal", "https://arxiv.org/abs/2001.00001", None, summary)
    return Source(
        "arxiv:2001.00001", "DeRainer: Rain Removal", Kind.PAPER, "https://arxiv.org/abs/2001.00001", None, ("a",), text
    )


@pytest.fixture
def rain_entry() -> Entry:
    return Entry(Kind.PAPER, "DeRainer: Rain Removal", "https://arxiv.org/abs/2001.00001", None, "We propose DeRainer.")
