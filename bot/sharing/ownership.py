"""Whose conversation, whose photo: every id that the page gives out has one owner, for good."""

import re
import time

from bot.sharing.database import Database

THREAD, PHOTO = "thread", "photo"
ID = re.compile(r"[0-9a-f]{32}")  # what ids look like: drawn at random, so that nobody guesses another's


class Ownership:
    """The owners of conversations and photos; an owner is named as `bot.sharing.people` names them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, thing: str, owner: str, kind: str = THREAD) -> bool:
        """Make `owner` the owner of what has none yet; returns whether it is theirs now."""
        self._database.run("INSERT OR IGNORE INTO things VALUES (?, ?, ?, ?)", (thing, kind, owner, time.time()))
        return self.owner_of(thing) == owner

    def owner_of(self, thing: str) -> str | None:
        """Who owns a conversation or photo; None when nobody does."""
        rows = self._database.run("SELECT owner FROM things WHERE id = ?", (thing,))
        return str(rows[0][0]) if rows else None

    def owned_by(self, owner: str, kind: str = THREAD) -> list[str]:
        """The ids of someone's conversations or photos, newest first."""
        statement = "SELECT id FROM things WHERE owner = ? AND kind = ? ORDER BY since DESC, rowid DESC"
        return [str(row[0]) for row in self._database.run(statement, (owner, kind))]

    def is_foreign(self, thing: str, owner: str) -> bool:
        """Whether it belongs to somebody else."""
        return self.owner_of(thing) not in (None, owner)

    def release(self, thing: str) -> None:
        """Forget what was deleted; its id is never given out again."""
        self._database.run("DELETE FROM things WHERE id = ?", (thing,))
