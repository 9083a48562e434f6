"""The answer: what every face of Unblur (page, command line) gives back, and its JSON form."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from store.model import Kind

Mode = Literal["explain", "lookup", "compare", "source", "restoration", "refusal", "help"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Citation(_Value):
    """A marker bound to an exact quote of a source's text."""

    marker: int
    source_id: str
    quote: str


class Reference(_Value):
    """A source that the answer points to, with its supplied links and why it belongs there."""

    source_id: str
    title: str
    kind: Kind
    paper_url: str | None
    github_url: str | None
    why: str


class Task(_Value):
    """What the user is trying to do."""

    text: str


class Workflow(_Value):
    """How the model would do it: input -> model -> output, and the text that explains it."""

    input: str
    model: str
    output: str
    text: str


class Removed(_Value):
    """A statement that the grounding check took out of a draft, and why."""

    text: str
    reason: str


class ToolCall(_Value):
    """A tool that the agent called for this answer."""

    name: str
    args: dict[str, Any]


class Restoration(_Value):
    """What was done to a photo for this answer, or what the answer tells of; of several, the last."""

    output_path: str  # of the full-size result, on the machine that restored it
    checkpoint: str
    width: int
    height: int
    enlarge: int
    seconds: float
    tiles: int
    sharpness_before: float
    sharpness_after: float
    photo: str  # ids in the conversation
    result: str
    name: str  # what to save the result as
    strength: float
    note: str = ""  # why other weights ran than those asked for


class Answer(_Value):
    """One grounded answer; `model_dump(mode="json")` is what `unblur ask --json` prints."""

    question: str
    mode: Mode
    refused: bool
    answer: str  # Markdown with markers [n]
    task: Task | None = None
    workflow: Workflow | None = None
    references: tuple[Reference, ...] = ()
    citations: tuple[Citation, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    restoration: Restoration | None = None
    removed: tuple[Removed, ...] = ()
    model: str
    brief: str | None = None
    thread: str | None = None
    seconds: float
