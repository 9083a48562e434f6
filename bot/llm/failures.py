"""What can go wrong with a language model's server, in words for the user.

Nothing of what a server says is repeated: it may hold the key, an address or an order.
"""

from dataclasses import dataclass
from enum import Enum


class Trouble(Enum):
    """What went wrong, and what to do about it."""

    KEY = "it refused the key: check UNBLUR_MODEL_KEY"
    NO_MODEL = (
        "its server knows no model of that name, or nothing under that address: check UNBLUR_MODEL and UNBLUR_MODEL_URL"
    )
    BUSY = "its server takes no more requests for now: try again in a minute, or check the account's limit"
    SERVER = "its server failed: try again, or look at the server's log"
    UNREACHABLE = "its server cannot be reached: check that it runs, and UNBLUR_MODEL_URL"
    SLOW = "it took too long: try again, or raise UNBLUR_MODEL_TIMEOUT_S"
    CUT = "its server broke off in the middle: try again, or look at the server's log"
    REQUEST = "its server refused the request: check that UNBLUR_MODEL names a chat model"
    UNREADABLE = (
        "its server sent what cannot be read: check that UNBLUR_MODEL_URL is that of an OpenAI-compatible server"
    )
    EMPTY = "it wrote nothing"
    UNGROUNDED = "nothing of what it wrote is borne out by the sources"
    TOOLS = "it only searched and wrote no answer"


@dataclass(frozen=True)
class Failure:
    """A call of a language model that came to nothing."""

    trouble: Trouble
    again: bool = False  # worth another try
    wait_s: float | None = None  # how long the server asks to wait before it


class ModelError(Exception):
    """A language model that gave no usable answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.trouble.value)
        self.failure = failure


_BY_STATUS = {401: Trouble.KEY, 403: Trouble.KEY, 404: Trouble.NO_MODEL, 408: Trouble.SLOW, 429: Trouble.BUSY}
_AGAIN = frozenset({408, 409, 429})


def failure_of(error: BaseException, begun: bool) -> Failure:
    """What an error of a provider's package means; `begun`: after the first words had come."""
    chain = list(_causes(error))
    status = next((code for one in chain if isinstance(code := getattr(one, "status_code", None), int)), None)
    if status is not None and status >= 400:
        trouble = _BY_STATUS.get(status, Trouble.SERVER if status >= 500 else Trouble.REQUEST)
        return Failure(trouble, (status >= 500 or status in _AGAIN) and not begun, _asked_to_wait(chain))
    names = " ".join(type(one).__name__ for one in chain)
    if begun:
        return Failure(Trouble.SLOW if "Timeout" in names else Trouble.CUT)
    if any(word in names for word in ("ProtocolError", "ReadError", "ConnectionReset")):
        return Failure(Trouble.CUT, True)
    if "ConnectTimeout" in names or ("Connect" in names and "Timeout" not in names):
        return Failure(Trouble.UNREACHABLE, True)
    if "Timeout" in names:
        return Failure(Trouble.SLOW)
    return Failure(Trouble.UNREADABLE)


def refuses_tools(error: BaseException) -> bool:
    """Whether a server may have refused a request because tools were offered, or because it was too long."""
    status = next((code for one in _causes(error) if isinstance(code := getattr(one, "status_code", None), int)), None)
    return status in (400, 413, 422, 500, 501)


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in causes:
        causes.append(one)
        one = one.__cause__ or one.__context__
    return causes


def _asked_to_wait(chain: list[BaseException]) -> float | None:
    headers = next((found.headers for one in chain if (found := getattr(one, "response", None)) is not None), None)
    try:
        return max(float(headers["retry-after"]), 0.0) if headers else None
    except (KeyError, ValueError, TypeError):
        return None
