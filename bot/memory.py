"""Where conversations are kept: one SQLite file, or this process's memory.

LangGraph writes the whole conversation again at every step; only its latest state is ever read, so older ones are removed
after each turn.
"""

import sqlite3
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver

from bot.errors import UserError

_BUSY_TIMEOUT_S = 30


def open_memory(file: Path | None) -> BaseCheckpointSaver[Any]:
    """The conversations in `file`, made when it is missing; in this process's memory for None.

    Raises UserError when the file cannot be used.
    """
    if file is None:
        return InMemorySaver()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, check_same_thread=False, timeout=_BUSY_TIMEOUT_S)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "PRAGMA synchronous = NORMAL"
        )  # a turn's many steps need not reach the disk each: its end does
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is gone from the file, too
        saver = SqliteSaver(connection)
        saver.setup()
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"cannot keep conversations in {file} ({error}): move it away, or set UNBLUR_HOME to another folder"
        ) from error
    return saver


def keep_latest(memory: BaseCheckpointSaver[Any], thread: str) -> None:
    """Remove every state of a conversation but its latest, and see that this one is on the disk."""
    if not isinstance(memory, SqliteSaver):
        return
    older = "thread_id = ? AND checkpoint_id < (SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?)"
    with memory.cursor() as cursor:
        cursor.execute(f"DELETE FROM writes WHERE {older}", (thread, thread))
        cursor.execute(f"DELETE FROM checkpoints WHERE {older}", (thread, thread))
    with memory.lock:
        memory.conn.execute("PRAGMA wal_checkpoint(PASSIVE)")


def forget(memory: BaseCheckpointSaver[Any], thread: str) -> None:
    """Remove a conversation, so that none of its words stay in the file."""
    memory.delete_thread(thread)
    if isinstance(memory, SqliteSaver):
        with memory.lock:
            memory.conn.commit()
            memory.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
