"""`unblur doctor` finds what is damaged, each with its cure, and leaves everything as it was."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.cli import run
from bot.conversations import Conversations
from bot.doctor import home, installation, network
from bot.doctor.finding import Finding, State, looked
from bot.settings import Settings
from bot.sharing.accounts import Accounts
from ingest.pipeline import bundled_briefs
from restore.registry import BUNDLED_FOLDER
from store import inspection
from store.embedding import DEFAULT_MODEL, Vectors
from store.store import Store


class QuickEmbedder:
    """Counts letters, under the name of the model that the settings expect."""

    name, dimension = DEFAULT_MODEL, 128

    def encode(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[1e-3 + text.count(chr(code)) for code in range(128)] for text in texts], dtype=np.float32)
        counts = counts.reshape(-1, 128)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which all is well; tests damage copies of it."""
    folder = tmp_path_factory.mktemp("sound") / "home"
    with contextlib.closing(Store.open(folder / "store", QuickEmbedder())) as store:
        for brief in bundled_briefs():
            store.put(brief)
        store.sync()
    Conversations(folder / "conversations.sqlite3").close()
    Accounts(folder / "users").add("alice", "correct horse")
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(inspection, "_AGAIN_S", 0.0)
    return Path(shutil.copytree(sound, tmp_path / "home"))


def everything_in(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_mode, _content(path))
        for path in sorted(folder.rglob("*"))
    }


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def the_one(findings: Iterator[Finding], state: State, text: str) -> Finding:
    """The only finding, which is in this state, says this, and names a cure unless all is well."""
    (found,) = findings
    assert (found.state, bool(found.cure)) == (state, state is not State.OK), found
    assert text in found.text
    return found


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return {one["name"]: one["state"] for one in json.loads(capsys.readouterr().out)}


def test_where_all_is_well_nothing_is_changed(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("UNBLUR_HOME", str(folder))
    monkeypatch.setenv("UNBLUR_AUTH", str(folder / "users"))
    monkeypatch.setenv("UNBLUR_PORT", "0")
    before = everything_in(folder)
    assert run(["doctor", "--json"]) == 0
    states = report(capsys)
    assert len(states) == 13
    assert set(states.values()) == {"ok"}
    assert everything_in(folder) == before


def test_nothing_is_made_where_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("UNBLUR_HOME", str(tmp_path / "nothing" / "here"))
    monkeypatch.setenv("UNBLUR_PORT", "0")
    assert run(["doctor"]) == 0
    assert "made at the first use" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_what_failed_makes_the_status_one_and_names_its_cure(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("UNBLUR_HOME", str(folder))
    monkeypatch.setenv("UNBLUR_PORT", "0")
    monkeypatch.setenv("UNBLUR_AUTH", str(folder / "missing"))
    monkeypatch.setenv("UNBLUR_MODEL", "openai-compatible:tiny")
    assert run(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    cures = [lines[number + 1] for number, line in enumerate(lines) if line.startswith("failed")]
    assert len(cures) == 2
    assert all(cure.startswith("         -> ") for cure in cures)
    assert any("unblur users add" in cure for cure in cures)
    assert any("http://127.0.0.1:8080/v1" in cure for cure in cures)


def change(file: Path) -> None:
    """Change some bytes in the middle of a file."""
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(byte ^ 0xFF for byte in data[middle : middle + 600])
    file.write_bytes(data)


def halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


DAMAGES: list[tuple[str, Callable[[Path], None], State, str]] = [
    ("store/sources.sqlite3", change, State.FAILED, "sources"),
    ("store/sources.sqlite3", halve, State.FAILED, "sources"),
    ("store/sources.sqlite3", lambda file: file.write_bytes(b""), State.FAILED, "is empty"),
    ("store/index/*/*/data_level0.bin", change, State.WARNING, "data_level0.bin was changed"),
    ("store/index/*/*/data_level0.bin", Path.unlink, State.WARNING, "data_level0.bin is missing"),
    ("store/index/*/chroma.sqlite3", halve, State.WARNING, "index is damaged"),
    ("store/index/*", shutil.rmtree, State.WARNING, "its folder is missing"),
]


@pytest.mark.parametrize(("damaged", "how", "state", "text"), DAMAGES)
def test_a_damaged_store_is_found(folder: Path, damaged: str, how: Callable[[Path], None], state: State, text: str):
    for file in list(folder.glob(damaged)):  # of the index an earlier version is kept, too
        how(file)
    before = everything_in(folder)
    the_one(home.store(Settings(home=folder)), state, text)
    assert everything_in(folder) == before


def test_a_store_of_another_embedding_model_is_found(folder: Path):
    settings = Settings(home=folder, embedding_model="another/model")
    assert "--re-embed" in the_one(home.store(settings), State.FAILED, "was built with the embedding model").cure
    the_one(installation.embedding_model(settings), State.FAILED, "neither a folder with a model nor")


def test_damaged_conversations_are_found(folder: Path):
    change(folder / "conversations.sqlite3")
    the_one(home.conversations(Settings(home=folder)), State.FAILED, "conversations.sqlite3 is damaged")


@pytest.mark.parametrize(
    ("content", "state", "text"),
    [
        (b"alice:$argon2id$x\nbob\n", State.FAILED, "line 2"),
        (b"alice:secret\n", State.FAILED, "line 1"),
        (b"\xff\xfe:$argon2", State.FAILED, "cannot read the users"),
        (b"", State.FAILED, "names nobody"),
    ],
)
def test_a_damaged_file_of_users_is_found(folder: Path, content: bytes, state: State, text: str):
    (folder / "users").write_bytes(content)
    found = the_one(home.users(Settings(home=folder, auth=str(folder / "users"))), state, text)
    assert "secret" not in found.text


def test_a_file_of_users_that_others_can_read_is_found(folder: Path):
    (folder / "users").chmod(0o644)
    the_one(home.users(Settings(home=folder, auth=str(folder / "users"))), State.WARNING, "others on this machine")


def test_a_page_for_everybody_is_warned_of(tmp_path: Path):
    the_one(home.users(Settings(home=tmp_path, host="0.0.0.0")), State.WARNING, "whoever reaches 0.0.0.0")


def test_damaged_weights_are_found(folder: Path, tmp_path: Path):
    bundled = Path(shutil.copytree(BUNDLED_FOLDER, tmp_path / "bundled"))
    the_one(installation.weights(folder, bundled), State.OK, "1 bundled")
    weights = next(bundled.glob("*.safetensors"))
    change(weights)
    the_one(installation.weights(folder, bundled), State.FAILED, "is not what its card describes")
    weights.unlink()
    the_one(installation.weights(folder, bundled), State.FAILED, "is missing")
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "mine.safetensors").write_bytes(b"nothing of the kind")
    assert "--name mine" in the_one(
        (one for one in installation.weights(folder) if one.state is not State.OK), State.FAILED, "checkpoint mine"
    ).cure  # fmt: skip


def test_a_data_folder_that_is_a_file_is_found(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    the_one(home.folder(tmp_path / "file" / "home"), State.FAILED, "is a file, not a folder")


def test_old_and_missing_packages_are_found():
    needed = ["numpy>=99", "nothing-of-that-name>=1", "nothing-either>=1; extra == 'more'", "numpy>=1"]
    old, missing = installation.packages(needed)
    assert (old.state, old.cure) == (State.FAILED, "pip install --upgrade 'numpy>=99'")
    assert (missing.state, missing.cure) == (State.FAILED, "pip install 'nothing-of-that-name>=1'")
    the_one(installation.packages(["numpy>=1"]), State.OK, "1 are there")


def test_a_switch_that_lets_something_out_is_found():
    closed = dict.fromkeys(("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE"), "1")
    closed |= {"GRADIO_ANALYTICS_ENABLED": "False", "ANONYMIZED_TELEMETRY": "False"}
    the_one(installation.switches(closed), State.OK, "are off")
    the_one(installation.switches(closed | {"LANGSMITH_TRACING": "true"}), State.FAILED, "LANGSMITH_TRACING")
    the_one(installation.switches(closed | {"ANONYMIZED_TELEMETRY": "True"}), State.WARNING, "ANONYMIZED_TELEMETRY")
    the_one(installation.switches(closed | {"HF_HUB_OFFLINE": "0"}), State.WARNING, "HF_HUB_OFFLINE")


def test_a_port_that_is_taken_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(network, "_PATIENCE_S", 0.2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(home=tmp_path, port=taken.getsockname()[1])
        the_one(network.port(settings), State.FAILED, "cannot be listened on")
    the_one(network.port(settings), State.OK, "is free")


def test_servers_that_do_not_answer_are_found(tmp_path: Path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://user:secret@127.0.0.1:{nobody.getsockname()[1]}"
        chroma = the_one(network.chroma(Settings(home=tmp_path, chroma_url=address)), State.FAILED, "does not answer")
        settings = Settings(home=tmp_path, model="openai-compatible:tiny", model_url=f"{address}/v1")
        model = the_one(network.model(settings), State.FAILED, "does not answer")
    assert "secret" not in chroma.text + model.text


@pytest.mark.parametrize("name", ["tiny", "openai:", "nobody:x"])
def test_a_model_that_is_none_is_found(tmp_path: Path, name: str):
    the_one(network.model(Settings(home=tmp_path, model=name)), State.FAILED, "which is no model")


def test_a_chroma_server_that_answers_is_well(tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = str(free.getsockname()[1])
    command = [
        Path(sys.executable).with_name("chroma"),
        "run",
        "--path",
        tmp_path,
        "--host",
        "127.0.0.1",
        "--port",
        number,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{number}"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=5):
                break
            time.sleep(0.1)
        the_one(network.chroma(Settings(home=tmp_path, chroma_url=url)), State.OK, "answers")
        settings = Settings(home=tmp_path, model="openai-compatible:tiny", model_url=url)
        the_one(network.model(settings), State.FAILED, "status 404")  # a server, and no language model's
    finally:
        process.kill()
        process.wait()


def test_a_look_that_fails_leaves_the_others_theirs():
    def look() -> Iterator[Finding]:
        raise RuntimeError("odd\nand long")
        yield

    the_one(iter(looked("x", look)), State.FAILED, "RuntimeError: odd and long")
