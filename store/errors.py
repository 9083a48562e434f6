"""What can go wrong in the store; every message says what happened and what to do."""


class StoreError(Exception):
    """The store cannot do what was asked; the message is one line for the user."""


class DamagedTableError(StoreError):
    """The table of sources itself is unreadable; nothing else can rebuild it."""


class EmbeddingModelError(StoreError):
    """The embedding model is missing, altered, or not the one that the store was built with."""


class IndexUnavailableError(StoreError):
    """Chroma cannot do what was asked of the vector index: damaged, gone, or its server does not answer."""
