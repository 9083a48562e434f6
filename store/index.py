"""The vector index: a Chroma collection, built from the table of sources and thrown away when it is damaged.

Passages travel as id, vector and source id only; texts stay in the table. The collection measures cosine distance and
never has an embedding function of its own (see the open advisories on those in Chroma 1.5).
"""

import contextlib
import functools
import threading
import weakref
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from store.embedding import Vectors
from store.errors import IndexUnavailableError, StoreError

_BATCH = 2000  # records a request
_NAME = "unblur"
_SYNC_THRESHOLD = 2  # changes after which Chroma writes its files; the least it takes, so that they rest between writes
_ALLOWED_EMBEDDING_FUNCTIONS = (None, "legacy")  # what Chroma writes when a collection has none

# Chroma counts the clients of a folder, but opens and lets go of one in several steps: two threads at once would leave one of
# them with a client of nothing. Re-entrant, since a client may be let go of while another is opened.
_clients = threading.RLock()


class ChromaIndex:
    """A cosine collection of passage vectors, embedded (a folder) or on a Chroma server.

    Every call raises IndexUnavailableError when Chroma cannot do it. The client is closed when the last thread lets
    go of this object, so that a search which is under way keeps the version that it began with.
    """

    def __init__(self, client: Any, name: str, hnsw: dict[str, Any] | None = None) -> None:
        self._client = client
        self._name = name
        self._close = weakref.finalize(self, _let_go, client)
        self._close.atexit = False
        with _clear_errors():
            self._collection = client.get_or_create_collection(
                name, embedding_function=None, configuration={"hnsw": {"space": "cosine", **(hnsw or {})}}
            )
            configuration = self._collection.configuration_json or {}
        space = (configuration.get("hnsw") or {}).get("space")
        function = (configuration.get("embedding_function") or {}).get("type")
        if space != "cosine" or function not in _ALLOWED_EMBEDDING_FUNCTIONS:
            raise StoreError(
                f"the Chroma collection {name} is not one of ours (distance {space}, embedding function {function}): "
                "delete it, or give Unblur a server of its own"
            )

    @classmethod
    def in_folder(cls, folder: Path) -> "ChromaIndex":
        """Open or make the index in `folder`, run inside this process."""
        with _clear_errors():
            import chromadb

            folder.mkdir(parents=True, exist_ok=True)
            with _clients:
                client = chromadb.PersistentClient(str(folder), settings=_settings())
        return cls(client, _NAME, {"sync_threshold": _SYNC_THRESHOLD})

    @classmethod
    def in_memory(cls, name: str) -> "ChromaIndex":
        """Make an index that lives as long as this process."""
        import chromadb

        with _clients:
            return cls(chromadb.EphemeralClient(settings=_settings()), name)

    @classmethod
    def on_server(cls, url: str, name: str) -> "ChromaIndex":
        """Open or make the collection `name` on the Chroma server at `url`; raises StoreError when it does not answer."""
        host, port, encrypted = _address(url)
        try:
            with _clear_errors():
                import chromadb

                client = chromadb.HttpClient(host=host, port=port, ssl=encrypted, settings=_settings())
            return cls(client, name)
        except IndexUnavailableError as error:
            raise StoreError(
                f"the Chroma server at {url} does not answer as it should ({error}): start it, or unset UNBLUR_CHROMA_URL"
            ) from error

    def close(self) -> None:
        """Release the folder or the connection."""
        self._close()

    def drop(self) -> None:
        """Remove the collection with everything in it."""
        with _clear_errors():
            self._client.delete_collection(self._name)

    def contents(self) -> dict[str, str]:
        """The source id of every passage in the index, by passage id."""
        with _clear_errors():
            found = self._collection.get(include=["metadatas"])
        return {
            passage_id: str((facts or {}).get("source_id"))
            for passage_id, facts in zip(found["ids"], found["metadatas"], strict=True)
        }

    def count(self) -> int:
        """How many passages the index says it holds."""
        with _clear_errors():
            return int(self._collection.count())

    def upsert(self, passage_ids: Sequence[str], vectors: Vectors, source_ids: Sequence[str]) -> None:
        """Add or replace passages; vectors (passages, dimension)."""
        for start in range(0, len(passage_ids), _BATCH):
            part = slice(start, start + _BATCH)
            with _clear_errors():
                self._collection.upsert(
                    ids=list(passage_ids[part]),
                    embeddings=vectors[part],
                    metadatas=[{"source_id": source_id} for source_id in source_ids[part]],
                )

    def delete(self, passage_ids: Sequence[str]) -> None:
        """Remove passages."""
        for start in range(0, len(passage_ids), _BATCH):
            with _clear_errors():
                self._collection.delete(ids=list(passage_ids[start : start + _BATCH]))

    def nearest(
        self, vectors: Vectors, limit: int, source_ids: Collection[str] | None = None
    ) -> list[list[tuple[str, float]]]:
        """For each query vector the nearest passages: (passage id, cosine similarity), best first."""
        where = {"source_id": {"$in": sorted(source_ids)}} if source_ids is not None else None
        with _clear_errors():
            found = self._collection.query(
                query_embeddings=vectors, n_results=max(1, limit), where=where, include=["distances"]
            )
        return [
            [(passage_id, 1 - float(distance)) for passage_id, distance in zip(ids, distances, strict=True)]
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]


def _let_go(client: Any) -> None:
    with _clients:
        client.close()


def _address(url: str) -> tuple[str, int, bool]:
    """Host, port and whether the connection is encrypted."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # such as a port beyond 65535
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StoreError(f"UNBLUR_CHROMA_URL is {url!r}: give an address such as http://127.0.0.1:8000")
    return parts.hostname, port or (443 if parts.scheme == "https" else 80), parts.scheme == "https"


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn whatever Chroma raises, which is of a dozen families, into one line."""
    try:
        yield
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise IndexUnavailableError(f"the vector index cannot be used ({reason})") from error


def _settings() -> Any:
    """Settings of our own for one client, which writes its folder or address into them."""
    return _base_settings().model_copy()


@functools.cache
def _base_settings() -> Any:
    from chromadb.config import Settings

    # A `.env` in the working folder is meant for Unblur, not for Chroma.
    return Settings(_env_file=None, anonymized_telemetry=False)  # type: ignore[call-arg]
