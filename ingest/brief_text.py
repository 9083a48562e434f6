"""Parse a brief: a question, the models recommended for it and the papers related to it.

Briefs are written by people, so headings may have any level or none, the fields of an entry any order,
links may be missing and summaries may hold paragraphs that look like fields. A line inside a summary
counts as a field only where its surroundings say so; the rules stand in `_Outline` and `_Reader`.
Time grows with the length of the text and not faster, since a chat may bring any text at all.
"""

from dataclasses import dataclass, field

from ingest.brief_lines import AnswerLine, Field, Heading, LineMeaning, Slot, is_rule, meaning
from ingest.brief_question import question_in
from ingest.links import says_missing
from ingest.merging import merged
from ingest.problems import BriefError, shorten
from store.model import Brief, Entry, Kind

_FORM = "write a line `Model: NAME` for each, with `Paper:`, `GitHub:` and `Summary:` lines below it"


def parse_brief(text: str, name: str, origin: str = "") -> Brief:
    """Read a supplied brief; `name` is what the store and the messages call it, `origin` its file.

    Titles and links are kept as supplied, outer whitespace aside; so are summaries, whose line endings
    become `\\n`. What follows `Answer:` is not read.
    Raises BriefError, with the line, where the text is no brief.
    """
    text = clean_text(text, name)
    outline = _Outline(text.split("\n"))
    entries = _Reader(outline, name).entries()
    if not entries:
        raise BriefError(name, None, f"no models or papers found in it: {_FORM}")
    return Brief(name, question_in(outline.lines[: outline.start]), merged(entries), origin)


def clean_text(text: str, name: str) -> str:
    """`text` without a byte order mark and with `\\n` as its only line ending.

    Raises BriefError for text that cannot be stored: NUL characters and halves of surrogate pairs.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    position = text.find("\0")
    if position < 0:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            position = error.start
    if position >= 0:
        line = text.count("\n", 0, position) + 1
        raise BriefError(name, line, f"holds U+{ord(text[position]):04X}, which is no text: remove it")
    return text


class _Outline:
    """The lines of a brief up to `Answer:`, what each could mean, and what stands around it."""

    def __init__(self, lines: list[str]) -> None:
        meanings = [meaning(line) if line and not line.isspace() else None for line in lines]
        self.lines = lines[: _end(lines, meanings)]
        self.meanings: list[LineMeaning | None] = meanings[: len(self.lines)]
        self._blank = [not line or line.isspace() or is_rule(line) for line in self.lines]
        count = len(self.lines)
        # Whether the next line that isn't empty could be a field or a heading, or there is none.
        self.leads_on = [True] * count
        # Whether a link or summary of the same paragraph follows before a title, and whether a title does.
        # A summary's own paragraphs don't end this: they belong to the field that they began with.
        self.field_follows = [False] * count
        self.title_follows = [False] * count
        structural, next_field, title = True, False, False
        for number in range(count - 1, -1, -1):
            self.leads_on[number] = structural
            self.field_follows[number], self.title_follows[number] = next_field, title
            here = self.meanings[number]
            if isinstance(here, Field):
                structural = True
                if self.after_blank(number):
                    next_field = title = False
                else:
                    title = title or (here.slot is Slot.TITLE and (self.leads_on[number] or next_field))
                    next_field = here.slot is not Slot.TITLE and (here.valid or next_field)
            elif isinstance(here, Heading):
                structural, next_field, title = True, False, False
            elif not self._blank[number]:
                structural = False
        self.start = self._start()

    def after_blank(self, number: int) -> bool:
        """Whether the line before is empty or a rule, or there is none."""
        return number == 0 or self._blank[number - 1]

    def heading(self, number: int) -> Heading | None:
        """The heading on this line; unmarked words are one only where their surroundings say so."""
        here = self.meanings[number]
        if not isinstance(here, Heading):
            return None
        stands_out = self.after_blank(number) and self.lines[number].rstrip().endswith(":")
        return here if here.marked or self.leads_on[number] or stands_out else None

    def _start(self) -> int:
        """The first line that belongs to the models and papers."""
        for number, here in enumerate(self.meanings):
            if self.heading(number):
                return number
            follows = self.leads_on[number] or self.field_follows[number]
            if isinstance(here, Field) and here.slot is Slot.TITLE and follows:
                return number
        return len(self.lines)


def _end(lines: list[str], meanings: list[LineMeaning | None]) -> int:
    """The line of the final `Answer:`; one before the first entry, or amid a summary, is text."""
    begun = False
    for number, here in enumerate(meanings):
        if isinstance(here, AnswerLine):
            if begun and (here.alone or not lines[number - 1].strip()):
                return number
        elif here is not None:
            begun = True
    return len(lines)


@dataclass
class _Block:
    """An entry while its lines are read."""

    line: int  # where it begins, from 1
    kind: Kind | None = None  # what the title's label suggests
    values: dict[Slot, str] = field(default_factory=dict)

    @property
    def titled(self) -> bool:
        return Slot.TITLE in self.values


class _Reader:
    """Turns the outline into entries, line by line."""

    def __init__(self, outline: _Outline, name: str) -> None:
        self._outline = outline
        self._name = name
        self._section: Kind | None = None
        self._block: _Block | None = None
        self._open: Slot | None = None  # the field that a plain line would go on with
        self._summary: list[str] = []
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        """All entries in the order of the text; raises BriefError."""
        for number in range(self._outline.start, len(self._outline.lines)):
            line = self._outline.lines[number]
            here = self._outline.meanings[number]
            heading = self._outline.heading(number)
            if heading:
                self._close_block()
                self._section = heading.kind
            elif isinstance(here, Field) and self._is_field(number, here):
                self._take(number, here)
            else:
                self._go_on(line)
        self._close_block()
        return self._entries

    def _is_field(self, number: int, here: Field) -> bool:
        """Whether the line is the field that it looks like, rather than text of a summary."""
        block, outline = self._block, self._outline
        if self._open is not Slot.SUMMARY or block is None:
            return True
        if not here.valid or (not here.value and here.slot is Slot.TITLE):
            return False
        free = here.slot not in block.values
        if here.slot is Slot.TITLE:
            leads_on, field_follows = outline.leads_on[number], outline.field_follows[number]
            if free:  # an entry that began with its summary still needs its title
                return leads_on or not outline.title_follows[number]
            if outline.after_blank(number):
                return field_follows or (leads_on and not here.value.endswith("."))
            return leads_on and field_follows
        if here.slot is Slot.SUMMARY:
            return outline.title_follows[number] and outline.after_blank(number)
        return outline.leads_on[number] and (free or outline.title_follows[number])

    def _take(self, number: int, here: Field) -> None:
        block, outline = self._block, self._outline
        if not here.valid:
            what = f"`{here.slot}` needs one link such as https://…, not {shorten(here.value)}"
            raise BriefError(self._name, number + 1, f"{what}: give the link, or `None`")
        starts_anew = outline.title_follows[number] or here.slot is Slot.TITLE
        if block and here.slot in block.values:
            if not starts_anew:
                if block.values[here.slot] == here.value:
                    return
                title = f" for {shorten(block.values[Slot.TITLE])}" if block.titled else ""
                raise BriefError(
                    self._name, number + 1, f"a second `{here.slot}`{title}: keep one, or start a new entry"
                )
            block = None
        elif block and block.titled and starts_anew and outline.after_blank(number):
            block = None
        self._close_field()
        if block is None:
            self._close_block()
            block = self._block = _Block(number + 1)
        says_none = not here.value and not outline.lines[number].rstrip(" \t*_").endswith(":")
        self._open = None if says_none else here.slot
        if here.slot is Slot.TITLE:
            block.kind = here.kind
        if here.slot is Slot.SUMMARY:
            self._summary = [here.value]
        block.values[here.slot] = here.value

    def _go_on(self, line: str) -> None:
        """A plain line: more of a summary, or the value of a title or link that stands below its label."""
        if self._open is Slot.SUMMARY:
            self._summary.append(line)
        elif self._open and self._block and not self._block.values[self._open] and line.strip():
            under_label = meaning(f"{self._open} {line}")
            if isinstance(under_label, Field) and under_label.valid:
                self._block.values[self._open] = under_label.value
        # Any other line, such as a rule or a field that briefs don't have, belongs to no entry.

    def _close_field(self) -> None:
        if self._open is Slot.SUMMARY and self._block:
            while len(self._summary) > 1 and (not self._summary[-1].strip() or is_rule(self._summary[-1])):
                self._summary.pop()
            summary = "\n".join(self._summary).strip()
            self._block.values[Slot.SUMMARY] = "" if says_missing(summary) else summary
        self._open = None

    def _close_block(self) -> None:
        self._close_field()
        block, self._block = self._block, None
        if block is None:
            return
        title = block.values.get(Slot.TITLE, "").strip()
        if not title:
            found = "/".join(f"`{slot}`" for slot in block.values)
            raise BriefError(self._name, block.line, f"{found} without a name: add a line `Model: NAME`")
        self._entries.append(
            Entry(
                kind=self._section or block.kind or Kind.PAPER,
                title=title,
                paper_url=block.values.get(Slot.PAPER) or None,
                github_url=block.values.get(Slot.GITHUB) or None,
                summary=block.values.get(Slot.SUMMARY, ""),
            )
        )
