"""Find the question that a brief answers, in the lines above its models and papers."""

from collections.abc import Sequence

_ANNOUNCED = "asked the following question"
_LABELS = frozenset({"question", "user question", "the question"})
_OPENING = frozenset("\"'“„«‘‚")
_CLOSING = tuple("\"'”“»’‘")
_INSTRUCTIONS = "based on"  # how the part after the question begins in the supplied briefs


def question_in(preamble: Sequence[str]) -> str | None:
    """The question in `preamble`, the lines before a brief's first model or paper; None when it has none.

    It stands in quotes, over several lines perhaps, or unquoted as a paragraph after "A user has asked
    the following question:" or "Question:". Where neither stands, as in a brief pasted into a chat, the
    first paragraph with a question mark is meant.
    """
    for number, line in enumerate(preamble):
        start = _after_announcement(line)
        if start is not None:
            return _question_at_start([start, *preamble[number + 1 :]])
    for number, line in enumerate(preamble):
        if "?" in line and not _is_instruction(line):
            first = number
            while first and preamble[first - 1].strip():
                first -= 1
            return _question_at_start(preamble[first:])
    return None


def announces_question(text: str) -> bool:
    """Whether a text says that the question below or beside is the one it was written for, as supplied briefs do."""
    return any(_after_announcement(line) is not None for line in text.splitlines())


def _after_announcement(line: str) -> str | None:
    """What follows on a line that announces the question, or None for any other line."""
    head, colon, rest = line.partition(":")
    words = " ".join(head.strip("#*_ \t").casefold().split())
    if words in _LABELS or (colon and _ANNOUNCED in words):
        return rest.strip().removeprefix("**").strip()
    return None


def _question_at_start(lines: Sequence[str]) -> str | None:
    end = next((number for number, line in enumerate(lines) if _is_instruction(line)), None)
    text = "\n".join(lines[:end]).strip()
    if text[:1] in _OPENING:
        quoted = _inside_quotes(text)
        if quoted:
            return quoted
    if end is None:  # nothing says where the question ends: it is one paragraph
        text = "\n".join(_first_paragraph(text))
    return text.strip() or None


def _inside_quotes(text: str) -> str | None:
    """What stands between the quote that opens `text` and the one that ends a line, if one does."""
    lines: list[str] = []
    last = None  # the last line of this paragraph that ends with a closing quote
    for line in text.split("\n"):
        if not line.strip() and last is not None:
            break
        lines.append(line.rstrip())
        if lines[-1].rstrip(".").endswith(_CLOSING) and (len(lines) > 1 or len(lines[0]) > 1):
            last = len(lines)
    if last is None:
        return None
    return "\n".join(lines[:last]).rstrip(".")[1:-1].strip() or None


def _first_paragraph(text: str) -> list[str]:
    paragraph: list[str] = []
    for line in text.split("\n"):
        if not line.strip():
            break
        paragraph.append(line)
    return paragraph


def _is_instruction(line: str) -> bool:
    return line.lstrip("#*_ \t")[: len(_INSTRUCTIONS)].casefold() == _INSTRUCTIONS
