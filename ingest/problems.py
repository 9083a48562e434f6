"""What can be wrong with a document: one line that names the file, the line, and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Why a document, or one line of it, stayed out."""

    file: str  # as the user knows it: a path, or the name of what was pasted
    line: int | None  # from 1; None where the whole document is meant
    message: str  # what happened, then what to do

    def __str__(self) -> str:
        name = self.file if self.file.isprintable() else repr(self.file)  # stays on one line
        place = f"{name}, line {self.line}" if self.line else name
        return f"{place}: {self.message}"


class BriefError(Exception):
    """A document cannot be read as what it should be; `str(error)` is one line for the user."""

    def __init__(self, file: str, line: int | None, message: str) -> None:
        self.problem = Problem(file, line, message)
        super().__init__(str(self.problem))


def shorten(text: str, length: int = 60) -> str:
    """`text` in quotation marks on one line, cut to `length` characters, for a message."""
    return repr(text if len(text) <= length else f"{text[: length - 1]}…")
