"""Turn a checked draft into Markdown with numbered markers, and into the parts of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.answer import Citation, Reference, Task, Workflow
from bot.draft import Block, Cited, Draft, Flow, Items, Paragraph, References, Section, Statement, Table
from store.model import Source


@dataclass(frozen=True)
class Rendered:
    """A draft as Markdown, with its parts and what its markers stand for."""

    markdown: str
    citations: tuple[Citation, ...]
    task: Task | None
    workflow: Workflow | None
    references: tuple[Reference, ...]


@dataclass
class _Markers:
    """Numbers for quotes, in the order in which they first appear; equal quotes share one."""

    numbers: dict[Cited, int] = field(default_factory=dict)

    def of(self, statement: Statement) -> str:
        numbers = dict.fromkeys(self.numbers.setdefault(cited, len(self.numbers) + 1) for cited in statement.cites)
        return "".join(f"[{number}]" for number in numbers)

    def mark(self, statement: Statement) -> str:
        markers = self.of(statement)
        return f"{statement.text} {markers}" if markers else statement.text


def render(draft: Draft, sources: Mapping[str, Source]) -> Rendered:
    """Write a checked draft as Markdown; `sources` gives titles and links by id."""
    markers = _Markers()
    texts: dict[str, str] = {}
    pieces = []
    references: list[Reference] = []
    flow: Flow | None = None
    for section in draft.sections:
        written = [_block(block, markers, sources) for block in section.blocks]
        texts[section.name] = "\n\n".join(piece for piece in written if piece)
        pieces.append(f"### {section.title}\n\n{texts[section.name]}" if section.title else texts[section.name])
        for block in section.blocks:
            if isinstance(block, References):
                references += [_reference(item.source_id, item.why.text, sources) for item in block.items]
            if isinstance(block, Flow):
                flow = block
    citations = tuple(
        Citation(marker=number, source_id=cited.source_id, quote=cited.quote)
        for cited, number in markers.numbers.items()
    )
    return Rendered(
        markdown="\n\n".join(piece for piece in pieces if piece),
        citations=citations,
        task=Task(text=texts["task"]) if texts.get("task") else None,
        workflow=_workflow(flow, texts.get("workflow", "")),
        references=tuple(references),
    )


def section_texts(draft: Draft, sources: Mapping[str, Source]) -> list[str]:
    """The Markdown of `render`, cut where a reader may see it grow: one piece a block."""
    markers = _Markers()
    pieces = []
    for section in draft.sections:
        for number, block in enumerate(section.blocks):
            heading = f"### {section.title}\n\n" if section.title and number == 0 else ""
            text = _block(block, markers, sources)
            if heading or text:
                pieces.append(f"{heading}{text}")
    return pieces


def _workflow(flow: Flow | None, text: str) -> Workflow | None:
    if flow is None or not text:
        return None
    return Workflow(input=flow.input, model=flow.model, output=flow.output, text=text)


def _block(block: Block, markers: _Markers, sources: Mapping[str, Source]) -> str:
    match block:
        case Paragraph():
            return " ".join(markers.mark(statement) for statement in block.statements)
        case Items():
            bullets = [
                f"{f'{number}.' if block.ordered else '-'} {markers.mark(statement)}"
                for number, statement in enumerate(block.statements, start=1)
            ]
            heading = f"**{block.heading}**\n\n" if block.heading else ""
            return heading + "\n".join(bullets)
        case Flow():
            return f"```\n{block.input}  →  {block.model}  →  {block.output}\n```"
        case References():
            if not block.listed:
                return ""
            return "\n".join(_listed(item.source_id, markers.mark(item.why), sources) for item in block.items)
        case Table():
            return _table(block, markers)


def _listed(source_id: str, why: str, sources: Mapping[str, Source]) -> str:
    source = sources[source_id]
    return f"- **{escape(source.title)}** ({links(source)}): {why}"


def links(source: Source) -> str:
    """A source's supplied links as Markdown, or the words that there are none."""
    shown = []
    if source.paper_url:
        shown.append(f"[paper]({source.paper_url})")
    if source.github_url:
        shown.append(f"[code]({source.github_url})")
    return ", ".join(shown) if shown else "no links supplied"


def _reference(source_id: str, why: str, sources: Mapping[str, Source]) -> Reference:
    source = sources[source_id]
    return Reference(
        source_id=source_id,
        title=source.title,
        kind=source.kind,
        paper_url=source.paper_url,
        github_url=source.github_url,
        why=why,
    )


def _table(block: Table, markers: _Markers) -> str:
    lines = ["| " + " | ".join(block.columns) + " |", "|" + " --- |" * len(block.columns)]
    for row in block.rows:
        lines.append(
            "| " + " | ".join(markers.mark(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
        )
    return "\n".join(lines)


def escape(text: str) -> str:
    """A title or quote as plain words in Markdown: nothing in it formats, links or embeds."""
    for character in "\\`*_[]<>#|~":
        text = text.replace(character, f"\\{character}")
    return text


__all__ = ["Rendered", "Section", "escape", "links", "render", "section_texts"]
