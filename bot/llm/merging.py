"""Put what holds of a language model's text into the answer's form: its parts, its links and its references stay."""

from collections.abc import Sequence

from bot.draft import Block, Draft, Flow, Items, Paragraph, Section, Statement, paragraph, say
from bot.llm.checking import CheckedText
from bot.llm.reading import Part
from store.model import Source
from store.text import header_span

_WHOLE = 2  # statements from which a language model's part stands by itself


def merged(embedded: Draft, checked: CheckedText) -> Draft:
    """The answer in a language model's words as far as they hold; `embedded` is the embedded model's to the same question."""
    if embedded.mode == "explain":
        sections = [_explained(section, checked) for section in embedded.sections]
    else:
        sections = [_told(section, checked) for section in embedded.sections]
    return embedded.model_copy(update={"sections": tuple(sections), "removed": tuple(checked.removed)})


def with_note(draft: Draft, note: str) -> Draft:
    """A draft that begins with a line of ours."""
    first = Section(name="body", blocks=(paragraph(say(f"*{note}*")),))
    return draft.model_copy(update={"sections": (first, *draft.sections)})


def _explained(section: Section, checked: CheckedText) -> Section:
    part: Part | None = "task" if section.name == "task" else "workflow" if section.name == "workflow" else None
    own = [one for where, one in checked.kept if part and (where or "workflow") == part]
    if part == "task":  # of the sources that the task is about, and no others
        about = {cited.source_id for one in _statements(section) for cited in one.cites}
        own = [one for one in own if any(cited.source_id in about for cited in one.cites)]
    if not own:
        return section
    if part == "task":
        return section.model_copy(update={"blocks": (paragraph(*own),)})
    flow = [block for block in section.blocks if isinstance(block, Flow)]
    rest = [block for block in section.blocks if not isinstance(block, Flow)]
    more = _untold(rest, own) if len(own) < _WHOLE else []
    return section.model_copy(
        update={"blocks": (*flow, Items(statements=tuple(own)) if len(own) > _WHOLE else paragraph(*own), *more)}
    )


def _statements(section: Section) -> list[Statement]:
    return [one for block in section.blocks if isinstance(block, Paragraph | Items) for one in block.statements]


def _told(section: Section, checked: CheckedText) -> Section:
    """A short answer: the statements that rest on a source's title or links stay, the others give way."""
    own = checked.statements
    kept: list[Block] = []
    place: int | None = None
    for block in section.blocks:
        if not isinstance(block, Paragraph | Items):
            kept.append(block)
            continue
        fixed = [one for one in block.statements if _rests_on_header(one, checked.sheet.sources)]
        told = {cited for one in fixed for cited in one.cites}
        own = [one for one in own if not set(one.cites) & told]
        if fixed:
            kept.append(block.model_copy(update={"statements": tuple(fixed)}))
        if len(fixed) < len(block.statements) and place is None:
            place = len(kept)
    if own:
        kept.insert(len([b for b in kept if isinstance(b, Paragraph)]) if place is None else place, paragraph(*own))
    return section.model_copy(update={"blocks": tuple(kept)})


def _rests_on_header(statement: Statement, sources: dict[str, Source]) -> bool:
    for cited in statement.cites:
        source = sources.get(cited.source_id)
        if source and cited.quote in source.text[: header_span(source.text).end]:
            return True
    return False


def _untold(blocks: Sequence[Block], own: Sequence[Statement]) -> list[Block]:
    """Some blocks without the statements whose quotes are told already."""
    told = {cited for one in own for cited in one.cites}
    left: list[Block] = []
    for block in blocks:
        if isinstance(block, Paragraph | Items):
            statements = tuple(one for one in block.statements if not set(one.cites) & told)
            if statements:
                left.append(block.model_copy(update={"statements": statements}))
        else:
            left.append(block)
    return left
