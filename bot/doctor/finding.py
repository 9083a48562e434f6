"""What a look at one thing found."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How well something is."""

    OK = "ok"
    WARNING = "warning"  # it works, and may not be what is wanted
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    state: State
    text: str
    cure: str = ""  # what to do; empty only where nothing is to be done


def ok(name: str, text: str) -> Finding:
    """All is well."""
    return Finding(name, State.OK, text)


def warning(name: str, text: str, cure: str) -> Finding:
    """Something may not be what is wanted."""
    return Finding(name, State.WARNING, text, cure)


def failed(name: str, text: str, cure: str) -> Finding:
    """Something does not work."""
    return Finding(name, State.FAILED, text, cure)


def told(name: str, error: Exception) -> Finding:
    """An error of ours, whose message says what happened, a colon, then what to do."""
    text, colon, cure = str(error).rpartition(": ")
    return failed(name, text, cure) if colon else failed(name, str(error), "correct it")


def looked(name: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a look finds; one that fails in a way nobody thought of is a finding, too, so that the others go on."""
    try:
        return list(look())
    except Exception as error:  # noqa: BLE001 - see above
        reason = " ".join(str(error).split())[:200]
        return [failed(name, f"could not be looked at ({type(error).__name__}: {reason})", "please report it")]
