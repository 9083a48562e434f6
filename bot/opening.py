"""Open the store and the bot as the settings say."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.errors import UserError
from bot.settings import Settings
from ingest.brief_text import parse_brief
from ingest.cards import with_cards
from ingest.documents import Location
from ingest.pipeline import bundled_briefs
from ingest.problems import BriefError
from store.embedding import Embedder, SentenceTransformerEmbedder
from store.errors import StoreError
from store.model import Brief
from store.store import Store


def embedder(settings: Settings) -> SentenceTransformerEmbedder:
    """The embedding model of the settings; it loads at its first use."""
    return SentenceTransformerEmbedder(settings.embedding_model, settings.device)


def tell(message: str) -> None:
    """Say something on standard error, beside whatever goes to standard output."""
    print(message, file=sys.stderr)


@contextlib.contextmanager
def opened_store(settings: Settings, *, fill: bool) -> Iterator[Store]:
    """The store of the settings, closed at the end; what is wrong with it is raised as a UserError.

    fill: put the bundled briefs in when it is empty.
    """
    try:
        store = Store.open(settings.store_folder, embedder(settings), chroma_url=settings.chroma_url, notify=tell)
        try:
            if fill and store.count() == 0:
                put_bundled(store)
            yield store
        finally:
            store.close()
    except StoreError as error:
        raise UserError(str(error)) from error


def put_bundled(store: Store) -> None:
    """Put the two supplied briefs into a store."""
    with store.writing():
        for brief in bundled_briefs():
            store.put(brief)


def read_brief(path: Path) -> Brief:
    """The brief in a file, with our model cards; raises UserError when there is none to be read."""
    try:
        document = Location(path, path.name, path.absolute()).read()
        return with_cards(parse_brief(document.text, document.name, document.origin))
    except BriefError as error:
        raise UserError(str(error)) from error


def store_of(brief: Brief, settings: Settings, model: Embedder | None = None) -> Store:
    """A store in memory that holds one brief's sources and nothing else; `model` saves loading one again."""
    store = Store.in_memory(model or embedder(settings))
    store.put(brief)
    return store
