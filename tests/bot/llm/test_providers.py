"""Which models a setting may name, and what is said when one cannot be had."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bot.agent import chat_model
from bot.errors import UserError
from bot.llm import providers
from bot.llm.model import CheckedChatModel
from bot.settings import Settings


def settings_of(tmp_path: Path, model: str, **others: Any) -> Settings:
    return Settings(_env_file=None, home=tmp_path, model=model, **others)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("model", "others", "words"),
    [
        ("gpt-5", {}, "set it to embedded or one of openai:NAME"),
        ("openai:", {}, "set it to embedded or one of openai:NAME"),
        ("mystery:model", {}, "set it to embedded or one of openai:NAME"),
        ("openai-compatible:m", {}, "UNBLUR_MODEL_URL is not set"),
        ("openai-compatible:m", {"model_url": "localhost:8080"}, "UNBLUR_MODEL_URL is no address"),
        ("openai-compatible:m", {"model_url": "file:///etc/passwd"}, "UNBLUR_MODEL_URL is no address"),
        ("openai:gpt-5", {}, "set UNBLUR_MODEL_KEY"),
    ],
)
def test_what_is_no_model_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, others: dict[str, Any], words: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError) as caught:
        chat_model(settings_of(tmp_path, model, **others))
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "ollama"])
def test_a_missing_package_is_named_with_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setattr(providers, "find_spec", lambda name: None)
    with pytest.raises(UserError) as caught:
        chat_model(settings_of(tmp_path, f"{provider}:name", model_key="k"))
    assert f"pip install 'unblur[{provider}]'" in str(caught.value)


def test_openai_is_reached_at_its_own_address_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    model = chat_model(settings_of(tmp_path, "openai:gpt-5", model_key="k"))
    assert isinstance(model, CheckedChatModel)
    assert model.language_model.openai_api_base == "https://api.openai.com/v1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("provider", ["anthropic", "ollama"])
def test_the_other_providers_are_built_where_they_are_installed(tmp_path: Path, provider: str) -> None:
    if find_spec(f"langchain_{provider}") is None:
        pytest.skip(f"langchain-{provider} is not installed")
    settings = settings_of(tmp_path, f"{provider}:name", model_key="k", model_url="http://127.0.0.1:9")
    assert isinstance(chat_model(settings), CheckedChatModel)
