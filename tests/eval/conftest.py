"""A real store that holds the evaluation's briefs beside the bundled ones."""

from collections.abc import Iterator

import pytest
import torch

from benchmarks.evaluation import filled_store
from bot.privacy import keep_everything_here
from store.embedding import SentenceTransformerEmbedder
from store.store import Store

keep_everything_here()


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """Short texts gain nothing from a second thread, and on a busy machine the two wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def store(one_thread: None) -> Iterator[Store]:
    store = filled_store(SentenceTransformerEmbedder())
    yield store
    store.close()
