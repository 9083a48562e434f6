"""What the server logs: JSON, a line each, on standard error.

No line holds what people wrote or sent, names of files, keys or paths of this machine; of an error it keeps the kind and
the place in the code.
"""

import json
import logging
import re
import sys
import types
from datetime import UTC, datetime

_OURS = ("bot", "ingest", "store", "restore")
_KEPT = ("method", "route", "status", "owner", "ms")  # what our own lines add
_PATH = re.compile(r"(?:[A-Za-z]:\\|/)[^\s'\"]+")
_LONGEST = 200

logger = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """A line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record without anything that others may not see."""
        ours = record.name.partition(".")[0] in _OURS
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage() if ours else _scrubbed(record),
        }
        if ours:
            line |= {name: getattr(record, name) for name in _KEPT if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["at"] = _place(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def configure(level: str) -> None:
    """Log as the settings say: our own lines from `level` on, of the libraries what they warn of."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())


def instead_of_tracebacks(*modules: types.ModuleType) -> None:
    """Let modules that print tracebacks, with what people wrote, log one line instead."""
    for module in modules:
        module.traceback = types.SimpleNamespace(print_exc=_log_error)  # type: ignore[attr-defined]


def _log_error() -> None:
    logger.error("a request failed", exc_info=True)


def _scrubbed(record: logging.LogRecord) -> str:
    """What a library says without what it says it of."""
    first = str(record.msg).strip().partition("\n")[0]
    return _PATH.sub("…", first)[:_LONGEST]


def _place(trace: types.TracebackType | None) -> str:
    """Where in our own code an error came up, else where at all."""
    places = []
    while trace is not None:
        places.append((trace.tb_frame.f_globals.get("__name__", "?"), trace.tb_lineno))
        trace = trace.tb_next
    ours = [place for place in places if place[0].partition(".")[0] in _OURS]
    module, line = (ours or places or [("?", 0)])[-1]
    return f"{module}:{line}"
