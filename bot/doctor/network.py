"""What is reached over the network: the page's port, a Chroma server, a language model's server."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import httpx

from bot.agent import EMBEDDED
from bot.doctor.finding import Finding, failed, ok, told, warning
from bot.errors import UserError
from bot.llm.providers import build_model, server_address
from bot.settings import Settings, without_password

_PATIENCE_S = 5.0
_OLLAMA = "http://127.0.0.1:11434"


def port(settings: Settings) -> Iterator[Finding]:
    """Whether the page could listen where it is set to."""
    host, number = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, number))
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            yield ok("port", f"{host} port {number or 'any'} is free")
            return
    if _is_ours(host, number):
        yield ok("port", f"Unblur serves on {host} port {number} now")
    else:
        cure = "end what uses it, or choose another with UNBLUR_PORT (0: any free one)"
        yield failed("port", f"{host} port {number} cannot be listened on ({reason})", cure)


def _is_ours(host: str, number: int) -> bool:
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    try:
        reply = httpx.get(f"http://{reached}:{number}/healthz", timeout=_PATIENCE_S, trust_env=False)
        return set(reply.json()) == {"status", "ready"}
    except (httpx.HTTPError, ValueError, TypeError):
        return False


def chroma(settings: Settings) -> Iterator[Finding]:
    """Whether the Chroma server answers, where one is set."""
    if not settings.chroma_url:
        yield ok("Chroma", "no server is set: the index is in the data folder")
        return
    shown = without_password(settings.chroma_url)
    try:
        httpx.get(f"{settings.chroma_url.rstrip('/')}/api/v2/heartbeat", timeout=_PATIENCE_S).raise_for_status()
        yield ok("Chroma", f"the server at {shown} answers")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        cure = "start it (chroma run), correct UNBLUR_CHROMA_URL, or unset it"
        yield failed("Chroma", f"the server at {shown} does not answer ({type(error).__name__})", cure)


def model(settings: Settings) -> Iterator[Finding]:
    """Whether the language model's server answers and knows the model, where one is set."""
    if settings.model == EMBEDDED:
        yield ok("model", "embedded: it needs no server")
        return
    try:
        build_model(settings)
        address = server_address(settings)
    except UserError as error:
        yield told("model", error)
        return
    provider, _, name = settings.model.partition(":")
    if provider == "ollama":
        address = address or os.environ.get("OLLAMA_HOST", _OLLAMA)
        address = address if "://" in address else f"http://{address}"
    shown = without_password(address)
    try:
        reply = _asked_for_models(provider, address, settings)
        reply.raise_for_status()
        names = _names(reply.json())
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        cure = "correct UNBLUR_MODEL_KEY" if status in (401, 403) else "correct UNBLUR_MODEL_URL"
        yield failed("model", f"the server at {shown} answers with status {status}", cure)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        cure = "start it, or correct UNBLUR_MODEL_URL"
        yield failed("model", f"the server at {shown} does not answer ({type(error).__name__})", cure)
    except (ValueError, TypeError, KeyError, AttributeError):
        yield failed("model", f"what answers at {shown} is no language model's server", "correct UNBLUR_MODEL_URL")
    else:
        if name in names or f"{name}:latest" in names:
            yield ok("model", f"the server at {shown} has {name}")
        else:
            known = ", ".join(sorted(names)[:5]) or "none"
            yield warning(
                "model", f"the server at {shown} does not name {name}", f"set UNBLUR_MODEL to one of its: {known}"
            )


def _asked_for_models(provider: str, address: str, settings: Settings) -> httpx.Response:
    key = settings.model_key.get_secret_value() if settings.model_key else ""
    match provider:
        case "ollama":
            return httpx.get(f"{address.rstrip('/')}/api/tags", timeout=_PATIENCE_S)
        case "anthropic":
            headers = {"x-api-key": key or os.environ.get("ANTHROPIC_API_KEY", ""), "anthropic-version": "2023-06-01"}
            return httpx.get(f"{address}/v1/models", headers=headers, timeout=_PATIENCE_S)
        case _:
            own = (
                os.environ.get("OPENAI_API_KEY", "") if provider == "openai" else ""
            )  # nobody else's server gets that one
            headers = {"authorization": f"Bearer {key or own}"} if key or own else {}
            return httpx.get(f"{address}/models", headers=headers, timeout=_PATIENCE_S)


def _names(answer: Any) -> set[str]:
    listed = answer["models"] if "models" in answer and "data" not in answer else answer["data"]
    return {str(one.get("id") or one["name"]) for one in listed}
