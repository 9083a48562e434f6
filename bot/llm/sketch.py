"""What is seen of an answer while a language model writes it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sketch:
    """The sentences that hold of what a language model has written so far, as Markdown; the next one takes its place."""

    markdown: str
