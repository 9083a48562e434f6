"""Read what a language model wrote: its sentences, the part of the answer they belong to, and the numbers they cite."""

import json
import re
from dataclasses import dataclass
from typing import Literal

from bot.llm.words import visible

Part = Literal["task", "workflow"]

_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"^\s*(?:```|~~~)\w*\s*$", re.MULTILINE)
_MARKER = re.compile(r"[\[【]\s*(?:quote\s*)?\^?#?(\d{1,4}(?:\s*[,;–-]\s*\^?\d{1,4})*)\s*[\]】](?!\()", re.IGNORECASE)
_AFTER_STOP = re.compile(rf"([.!?…])((?:\s*{_MARKER.pattern})+)", re.IGNORECASE)
_PART = re.compile(r"^\W*(?:\d\W+)?(task|workflow)\b\s*\W{0,4}\s*(?=$|[A-Z“\"])", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•+]|\d{1,2}[.)]|#{1,6}|>)\s+")
_EMPHASIS = re.compile(r"(?<!\w)[*_`]+(?=\S)|(?<=\S)[*_`]+(?!\w)|\*\*|`")
_END = re.compile(
    r"(?<=[.!?…])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bal\.)(?<!\bvs\.)(?<!\bcf\.)[\"”’')]*\s+(?=[\"“‘(\[!<]*[A-Z0-9]|<)"
)
_CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*(?:</tool_call>|\Z)", re.DOTALL)
_LONGEST_READ = 20_000  # characters; a model that writes more has lost itself


@dataclass(frozen=True)
class Written:
    """A sentence that a language model wrote, without the numbers it cites."""

    text: str
    numbers: tuple[int, ...]
    part: Part | None = None


def read_written(text: str, *, complete: bool = True) -> list[Written]:
    """The sentences in a language model's text; without its last one while it is not `complete`."""
    plain = _unwrapped(_CALL.sub("", _THINKING.sub("", visible(text[:_LONGEST_READ]))))
    part: Part | None = None
    read: list[Written] = []
    for line in _FENCE.sub("", plain).split("\n"):
        found = _PART.match(line)
        if found:
            part = "task" if found[1].casefold() == "task" else "workflow"
            line = line[found.end() :]
        line = _BULLET.sub("", line)
        line = _AFTER_STOP.sub(lambda m: f"{m[2]}{m[1]}", line)
        read += [_sentence(piece, part) for piece in _END.split(line) if piece.strip()]
    if not complete and read and not plain.endswith("\n"):
        read.pop()
    return [one for one in read if one.text.strip(" .,;:!?-–—*_#>|")]


def written_calls(text: str) -> list[tuple[str, object]]:
    """The tool calls that a model wrote as text, as models do whose server knows no tools: names and arguments."""
    calls: list[tuple[str, object]] = []
    for found in _CALL.finditer(text[:_LONGEST_READ]):
        try:
            call = json.loads(found[1])
        except (ValueError, RecursionError):
            continue
        if isinstance(call, dict):
            calls.append((str(call.get("name")), call.get("arguments", call.get("parameters"))))
    return calls


def _sentence(piece: str, part: Part | None) -> Written:
    numbers: list[int] = []
    for found in _MARKER.finditer(piece):
        numbers += [int(number) for number in re.findall(r"\d+", found[1])]
    text = _EMPHASIS.sub("", _MARKER.sub("", piece))
    return Written(re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split())), tuple(dict.fromkeys(numbers)), part)


def _unwrapped(text: str) -> str:
    """What a model wrote as JSON although nobody asked for it, as plain text."""
    inner = _FENCE.sub("", text).strip()
    if not inner.startswith(("{", "[")):
        return text
    try:
        return "\n".join(_strings(json.loads(inner)))
    except (ValueError, RecursionError):
        return text


def _strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for one in value.values() for text in _strings(one)]
        case list():
            return [text for one in value for text in _strings(one)]
    return []
