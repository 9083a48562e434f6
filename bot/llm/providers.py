"""The chat models that `UNBLUR_MODEL` may name, built by LangChain's `init_chat_model`."""

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel

from bot.errors import UserError
from bot.settings import Settings

_COMPATIBLE = "openai-compatible"
_PACKAGES = {  # provider: (its package, the extra of ours that installs it)
    "openai": ("langchain_openai", "openai"),
    _COMPATIBLE: ("langchain_openai", "openai"),
    "anthropic": ("langchain_anthropic", "anthropic"),
    "ollama": ("langchain_ollama", "ollama"),
}
_OWN_ADDRESS = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
_NO_KEY = "none"  # for a server that asks for no key, though the package wants one


def build_model(settings: Settings) -> BaseChatModel:
    """The chat model of the settings; nothing is sent yet.

    Raises UserError when the setting names none, its package is missing, or it lacks a key or an address.
    """
    provider, _, name = settings.model.partition(":")
    if provider not in _PACKAGES or not name.strip():
        known = ", ".join(f"{one}:NAME" for one in _PACKAGES)
        raise UserError(f"UNBLUR_MODEL is {settings.model!r}, which is no model: set it to embedded or one of {known}")
    package, extra = _PACKAGES[provider]
    if find_spec(package) is None:
        raise UserError(
            f"UNBLUR_MODEL is {settings.model!r}, and the package it needs is not installed: "
            f"run pip install 'unblur[{extra}]'"
        )
    options = _options(provider, settings)
    from langchain.chat_models import init_chat_model

    try:
        model: BaseChatModel = init_chat_model(
            name.strip(), model_provider="openai" if provider == _COMPATIBLE else provider, **options
        )
        return model
    except Exception as error:  # the packages raise errors of their own when they find no key
        raise UserError(
            f"UNBLUR_MODEL is {settings.model!r}, and it cannot be set up ({type(error).__name__}): set UNBLUR_MODEL_KEY"
        ) from error


def server_address(settings: Settings) -> str:
    """Where the server of the settings' model is; empty for the package's own choice. Raises UserError."""
    return _address(settings.model.partition(":")[0], settings)


def _options(provider: str, settings: Settings) -> dict[str, Any]:
    url = _address(provider, settings)
    key = settings.model_key.get_secret_value() if settings.model_key else ""
    if provider == "ollama":
        timeout = {"timeout": settings.model_timeout_s}
        options: dict[str, Any] = {
            "num_predict": settings.model_max_tokens, "temperature": 0, "client_kwargs": timeout,
        }  # fmt: skip
        return {**options, "base_url": url} if url else options
    options = {
        "max_tokens": settings.model_max_tokens,
        "timeout": settings.model_timeout_s,
        "max_retries": 0,  # we try again ourselves, within the time limit
        "base_url": url,
    }
    if provider == _COMPATIBLE:
        # A key of another service that stands in the environment is never sent to somebody's own server.
        return {**options, "api_key": key or _NO_KEY, "temperature": 0, "use_responses_api": False}
    return {**options, "api_key": key} if key else options


def _address(provider: str, settings: Settings) -> str:
    url = settings.model_url.strip().rstrip("/")
    if not url and provider == _COMPATIBLE:
        raise UserError(
            f"UNBLUR_MODEL is {settings.model!r}, and UNBLUR_MODEL_URL is not set: set it to the server's address, "
            "such as http://127.0.0.1:8080/v1"
        )
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise UserError("UNBLUR_MODEL_URL is no address of a server: set it to one such as http://127.0.0.1:8080/v1")
    return url or _OWN_ADDRESS.get(provider, "")
