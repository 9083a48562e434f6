"""The vector index: a Chroma collection, built from the table of sources and thrown away when it is damaged.

Passages travel as id, vector and source id only; texts stay in the table. The collection measures cosine distance and
never has an embedding function of its own (see the open advisories on those in Chroma 1.5).
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from store.embedding import Vectors
from store.errors import StoreError

_BATCH = 2000  # records a request
_NAME = "unblur"
_ALLOWED_EMBEDDING_FUNCTIONS = (None, "legacy")  # what Chroma writes when a collection has none


class ChromaIndex:
    """A cosine collection of passage vectors, embedded (a folder) or on a Chroma server."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._collection = client.get_or_create_collection(
            name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
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
        import chromadb

        folder.mkdir(parents=True, exist_ok=True)
        return cls(chromadb.PersistentClient(str(folder), settings=_settings()), _NAME)

    @classmethod
    def in_memory(cls, name: str) -> "ChromaIndex":
        """Make an index that lives as long as this process."""
        import chromadb

        return cls(chromadb.EphemeralClient(settings=_settings()), name)

    @classmethod
    def on_server(cls, url: str, name: str) -> "ChromaIndex":
        """Open or make the collection `name` on the Chroma server at `url`; raises StoreError when it does not answer."""
        import chromadb

        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StoreError(f"UNBLUR_CHROMA_URL is {url!r}: give an address such as http://127.0.0.1:8000")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            client = chromadb.HttpClient(
                host=parts.hostname, port=port, ssl=parts.scheme == "https", settings=_settings()
            )
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise StoreError(
                f"the Chroma server at {url} does not answer ({reason}): start it, or unset UNBLUR_CHROMA_URL"
            ) from error
        return cls(client, name)

    def close(self) -> None:
        """Release the folder or the connection."""
        self._client.close()

    def drop(self) -> None:
        """Remove the collection with everything in it."""
        self._client.delete_collection(self._name)

    def ids(self) -> set[str]:
        """The ids of all passages in the index."""
        return set(self._collection.get(include=[])["ids"])

    def count(self) -> int:
        """How many passages the index says it holds."""
        return int(self._collection.count())

    def upsert(self, passage_ids: Sequence[str], vectors: Vectors, source_ids: Sequence[str]) -> None:
        """Add or replace passages; vectors (passages, dimension)."""
        for start in range(0, len(passage_ids), _BATCH):
            part = slice(start, start + _BATCH)
            self._collection.upsert(
                ids=list(passage_ids[part]),
                embeddings=vectors[part],
                metadatas=[{"source_id": source_id} for source_id in source_ids[part]],
            )

    def delete(self, passage_ids: Sequence[str]) -> None:
        """Remove passages."""
        for start in range(0, len(passage_ids), _BATCH):
            self._collection.delete(ids=list(passage_ids[start : start + _BATCH]))

    def nearest(
        self, vectors: Vectors, limit: int, source_ids: Collection[str] | None = None
    ) -> list[list[tuple[str, float]]]:
        """For each query vector the nearest passages: (passage id, cosine similarity), best first."""
        where = {"source_id": {"$in": sorted(source_ids)}} if source_ids is not None else None
        found = self._collection.query(
            query_embeddings=vectors, n_results=max(1, limit), where=where, include=["distances"]
        )
        return [
            [(passage_id, 1 - float(distance)) for passage_id, distance in zip(ids, distances, strict=True)]
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)
