"""The explanation in three parts: the task, the workflow with an answer to each question asked, the papers and tools."""

from collections import Counter
from collections.abc import Sequence

from bot.draft import (
    Block,
    Cited,
    Draft,
    Flow,
    Items,
    Paragraph,
    References,
    Referred,
    Section,
    Statement,
    paragraph,
    say,
)
from bot.embedded.knowledge import Task, asked_attributes, asked_tasks
from bot.embedded.language import Part, Sentence, sentences, short_title
from bot.embedded.names import described, mentions
from bot.embedded.phrasing import attributed, cite, listing, quote, quoted
from bot.embedded.roles import contribution, mechanism
from bot.embedded.turn import Turn
from bot.embedded.view import View, called, header_line, subject
from bot.render import escape
from store.model import Kind, Source

_MAX_SENTENCES = 4  # answering one question
_PER_SOURCE = 2  # of them from one source
_ENOUGH = 0.25  # cosine from which a sentence may answer a question
_NEAR_BEST = 0.62  # of the best sentence's score, from which others may stand beside it
_OTHER_QUERY = 0.8  # what similarity to the turn's other queries counts beside that to the question itself
_TELLS_HOW = 0.06  # added for a sentence about a method
_TELLS_WHY_HARD = 0.10  # taken off one that only names a difficulty
_SPEAKS_OF_IT = 0.08  # added for a sentence that speaks of a particular that is asked for
_FAR = 0.05  # taken off a sentence of a source whose subject is another
_RELEVANT = 0.55  # of the best source's score, from which an unscoped answer lists a source
_NEARLY = 0.85  # of the best source's score, from which a described model leads an unscoped answer
_MAINLY = 2  # mentions from which a paper is about a task rather than touching it
_MAX_REFERENCES = 8


def explain(turn: Turn, view: View) -> Draft:
    """Draft the three parts from what was found."""
    sources = _listed(turn, view)
    main = sources[0]
    tasks = asked_tasks(turn.question.text) or subject(main)[:1] or _common_subject(sources)
    task = _task(turn, tasks, main, sources)
    workflow = _workflow(turn, tasks, main, sources, view, _quotes_in([task]))
    told = _quotes_in([task, *workflow])
    return Draft(
        mode="explain",
        sections=(
            Section(name="task", title="1. Task", blocks=(task,)),
            Section(name="workflow", title="2. Workflow", blocks=tuple(workflow)),
            Section(name="references", title="3. Papers and tools", blocks=(_references(tasks, sources, told),)),
        ),
    )


def _common_subject(sources: Sequence[Source]) -> list[Task]:
    """What at least half of the described sources are mainly about; nothing when they have no subject in common."""
    described = [source for source in sources if sentences(source)]
    mainly = Counter(task.name for source in described for task in subject(source)[:1])
    for name, count in mainly.most_common(1):
        if 2 * count >= len(described):
            return [task for source in described for task in subject(source)[:1] if task.name == name][:1]
    return []


def _quotes_in(blocks: Sequence[Block]) -> set[str]:
    """The quotes that some blocks rest on."""
    return {
        cited.quote
        for block in blocks
        if isinstance(block, Paragraph | Items)
        for statement in block.statements
        for cited in statement.cites
    }


def _listed(turn: Turn, view: View) -> list[Source]:
    """The sources that the answer lists: all of a brief's, models first; else the relevant ones, the best first.

    Of those, a recommended model leads when it comes close to the best or was recommended together with it.
    """
    if turn.brief:
        return [*view.models, *view.papers]
    best = max(view.scores.values())
    relevant = [s for s in view.sources if view.scores[s.source_id] >= _RELEVANT * best][:_MAX_REFERENCES]
    return sorted(relevant, key=lambda source: source is not _leading_model(relevant, view))


def _leading_model(relevant: Sequence[Source], view: View) -> Source | None:
    """The recommended model that an answer begins with, None when none is about what was asked."""
    best = relevant[0]
    for source in relevant:
        near = view.scores[source.source_id] >= _NEARLY * view.scores[best.source_id]
        described = bool(sentences(source))
        if source.kind is Kind.MODEL and ((near and described) or set(source.briefs) & set(best.briefs)):
            return source
    return None


# -- 1. Task


def _task(turn: Turn, tasks: Sequence[Task], main: Source, sources: Sequence[Source]) -> Block:
    statements = [say(_wish(turn, tasks))]
    statements += _about_main(main, tasks, sources)
    paper = _paper_for(tasks, main, sources)
    if paper is not None and paper != described(main, sources):
        sentence = contribution(paper)
        if sentence is not None:
            shared = next((task for task in tasks if task in subject(paper)), None)
            what = f"is the one about {shared.name} itself" if shared else "comes closest"
            lead = f"Of the papers, {called(paper)} {what}: "
            statements.append(quote(paper, sentence, lead))
    return paragraph(*statements)


def _wish(turn: Turn, tasks: Sequence[Task]) -> str:
    if not tasks:
        return "You ask how a picture can be made better; the sources come closest with the following."
    wishes = listing([task.wish for task in tasks[:2]])
    named = listing([f"**{task.name}**" for task in tasks[:2]])
    opening = "You want" if turn.question.situation else "You ask how AI gets"
    if tasks[0].name == "image restoration":
        return f"{opening} {wishes}: that is **image restoration**."
    kind = (
        (", a kind of image restoration" if len(tasks) == 1 else ", both image restoration") if _restores(tasks) else ""
    )
    return f"{opening} {wishes}. The field calls this {named}{kind}."


_NOT_RESTORATION = frozenset(
    {"feature upsampling", "depth estimation", "3D reconstruction", "segmentation", "object detection", "image generation",
     "image quality assessment", "outpainting", "image fusion", "image compression", "photo retouching"}
)  # fmt: skip


def _restores(tasks: Sequence[Task]) -> bool:
    return all(task.name not in _NOT_RESTORATION for task in tasks[:2])


def _about_main(main: Source, tasks: Sequence[Task], sources: Sequence[Source]) -> list[Statement]:
    """What the recommended model (or the best paper) is, and what of the task it leaves out."""
    name = escape(main.title) if main.kind is Kind.MODEL else called(main)
    sentence = contribution(main)
    if sentence is None:
        header = Cited(source_id=main.source_id, quote=header_line(main))
        paper = described(main, sources)
        said = contribution(paper)
        if main.kind is Kind.MODEL and paper.kind is Kind.PAPER and said is not None:
            text = f"The recommended model is {name}; its paper, {called(paper)}, says: {quoted(paper, said)}"
            return [Statement(text=text, cites=(header, cite(said)))]
        return [
            Statement(
                text=f"The recommended model is {name}; it came without a description, so how it works inside the sources "
                "don't say.",
                cites=(header,),
            )
            if main.kind is Kind.MODEL
            else Statement(text=f"The closest source is {name}, which came without a summary.", cites=(header,))
        ]
    if main.kind is Kind.MODEL:
        statements = [quote(main, sentence, f"The recommended model is {name}. ")]
    else:
        statements = [quote(main, sentence, f"The closest source is {name}: ")]
    return statements + [quote(main, limit, "But note: ") for limit in _limits(main, tasks)]


def _limits(main: Source, tasks: Sequence[Task]) -> list[Sentence]:
    """The sentences in which a source says that it does not do what was asked, at most one."""
    return [
        sentence
        for sentence in sentences(main)
        if Part.LIMIT in sentence.parts
        and mentions(sentence.text, main)
        and any(sentence.text in task.terms or sentence.text in task.asks for task in tasks)
    ][:1]


def _paper_for(tasks: Sequence[Task], main: Source, sources: Sequence[Source]) -> Source | None:
    """The best paper that is mainly about one of the tasks and has a summary to quote."""
    for source in sources:
        if (
            source is not main
            and source.kind is Kind.PAPER
            and set(subject(source, _MAINLY)[:1]) & set(tasks)
            and sentences(source)
        ):
            return source
    return None


# -- 2. Workflow


def _workflow(
    turn: Turn, tasks: Sequence[Task], main: Source, sources: Sequence[Source], view: View, told: set[str]
) -> list[Block]:
    doing = next(iter([*subject(main), *tasks]), None)
    given, got = (doing.input, doing.output) if doing else ("your picture", "the restored picture")
    name = main.title if main.kind is Kind.MODEL else short_title(main.title)
    steps = Items(statements=tuple(_steps(main, tasks, sources, (given, got), told)), ordered=True)
    blocks: list[Block] = [Flow(input=given, model=name, output=got), steps]
    told = told | _quotes_in([steps])
    for part in turn.question.parts:
        answer = Items(heading=escape(part), statements=tuple(_answer(part, tasks, main, sources, view, told)))
        blocks.append(answer)
        told |= _quotes_in([answer])
    return blocks


def _steps(
    main: Source, tasks: Sequence[Task], sources: Sequence[Source], doing: tuple[str, str], told: set[str]
) -> list[Statement]:
    """Input, model and output, each in the source's words where it has some."""
    given, got = doing
    fresh = [sentence for sentence in sentences(main) if sentence.text not in told]
    taken = _first(fresh, Part.INPUT)
    made = _first(fresh, Part.OUTPUT, taken)
    inner = mechanism(main, {*told, *(one.text for one in (taken, made) if one)}) or contribution(main)
    return [
        quote(main, taken, "**Input.** ") if taken else say(f"**Input.** {given[:1].upper()}{given[1:]}."),
        quote(main, inner, "**Model.** ") if inner else _undescribed(main, tasks, sources, told),
        _outcome(main, got, made, taken),
    ]


def _outcome(main: Source, got: str, made: Sentence | None, taken: Sentence | None) -> Statement:
    """The last step; where the sentence about the input tells of the output too, it is what supports our words."""
    words = f"**Output.** {got[:1].upper()}{got[1:]}."
    if taken is not None and Part.OUTPUT in taken.parts:
        return Statement(text=words, cites=(cite(taken),))
    return quote(main, made, "**Output.** ") if made else say(words)


def _first(candidates: Sequence[Sentence], part: Part, *others: Sentence | None) -> Sentence | None:
    """The first sentence that plays a part and is not one of the others."""
    return next((sentence for sentence in candidates if part in sentence.parts and sentence not in others), None)


def _undescribed(main: Source, tasks: Sequence[Task], sources: Sequence[Source], told: set[str]) -> Statement:
    """The model step where the model came without a description: how its own paper, or the closest one on the task, works."""
    header = Cited(source_id=main.source_id, quote=header_line(main))
    own = described(main, sources)
    told_of = mechanism(own, told) or contribution(own)
    if own.kind is Kind.PAPER and told_of is not None:
        text = f"**Model.** {escape(main.title)}, in its paper's words: {quoted(own, told_of)}"
        return Statement(text=text, cites=(header, cite(told_of)))
    paper = _paper_for(tasks, main, sources)
    if paper is None:
        return Statement(text=f"**Model.** {escape(main.title)}, which the sources don't describe.", cites=(header,))
    sentence = mechanism(paper, told) or contribution(paper) or sentences(paper)[0]
    return Statement(
        text=f"**Model.** {escape(main.title)} does this step, and the sources don't describe it. The closest one that is "
        f"described, {called(paper)}, works like this: {quoted(paper, sentence)}",
        cites=(header, cite(sentence)),
    )


def _answer(
    part: str, tasks: Sequence[Task], main: Source, sources: Sequence[Source], view: View, told: set[str]
) -> list[Statement]:
    """The sentences of the sources that answer one question, and what they leave open."""
    by_id = {source.source_id: source for source in sources}
    near = {source.source_id for source in sources if _matters(source, tasks)}
    scored = [
        (_worth(part, sentence, view) - (0 if source.source_id in near else _FAR), sentence)
        for source in sources
        for sentence in sentences(source)
    ]
    scored.sort(key=lambda item: (-item[0], item[1].source_id, item[1].number))
    best = scored[0][0] if scored else 0.0
    good = [sentence for worth, sentence in scored if worth >= max(_ENOUGH, _NEAR_BEST * best)]
    chosen: list[Sentence] = []
    for sentence in good:
        fresh = sentence.text not in told and all(sentence.text != other.text for other in chosen)
        if fresh and sum(other.source_id == sentence.source_id for other in chosen) < _PER_SOURCE:
            chosen.append(sentence)
    statements = [attributed(by_id[s.source_id], s, called(by_id[s.source_id])) for s in chosen[:_MAX_SENTENCES]]
    if not statements:
        above = any(sentence.text in told for sentence in good)
        statements.append(
            say("What the sources say to this stands above." if above else "The sources don't answer this part.")
        )
    return statements + _gaps(part, sources)


def _worth(part: str, sentence: Sentence, view: View) -> float:
    """How well a sentence answers a question: its similarity, and whether it tells how rather than why it is hard."""
    whole = max((view.fit(found.query, sentence) for found in view.found), default=0.0)
    worth = max(view.fit(part, sentence), _OTHER_QUERY * whole)
    if Part.METHOD in sentence.parts:
        worth += _TELLS_HOW
    elif Part.PROBLEM in sentence.parts:
        worth -= _TELLS_WHY_HARD
    if any(
        sentence.text in attribute.shows or sentence.text in attribute.hints for attribute in asked_attributes(part)
    ):
        worth += _SPEAKS_OF_IT
    return worth


def _gaps(part: str, sources: Sequence[Source]) -> list[Statement]:
    """The particulars that were asked for and that no source mentions."""
    missing = [
        attribute.name
        for attribute in asked_attributes(part)
        if not any(source.text in attribute.shows for source in sources)
    ]
    if not missing:
        return []
    verb = "doesn't say" if len(sources) == 1 else "don't say"
    return [say(f"The source{'' if len(sources) == 1 else 's'} {verb} {listing(missing, 'or')}.")]


# -- 3. Papers and tools


def _references(tasks: Sequence[Task], sources: Sequence[Source], told: set[str]) -> Block:
    relevant = [source for source in sources if _matters(source, tasks)]
    rest = [source for source in sources if source not in relevant]
    return References(
        items=tuple(
            Referred(source_id=source.source_id, why=_why(source, tasks, told, less=source in rest))
            for source in [*relevant, *rest]
        )
    )


def _matters(source: Source, tasks: Sequence[Task]) -> bool:
    return source.kind is Kind.MODEL or bool(set(subject(source)[:2]) & set(tasks))


def _why(source: Source, tasks: Sequence[Task], told: set[str], *, less: bool) -> Statement:
    """One statement on why a source is listed, with its main sentence where that was not told yet."""
    sentence = contribution(source)
    lead = _relevance(source, tasks, less)
    if sentence is None:
        header = Cited(source_id=source.source_id, quote=header_line(source))
        return Statement(text=f"{lead}; it came without a description.", cites=(header,))
    if sentence.text in told:
        return Statement(text=f"{lead}, quoted above.", cites=(cite(sentence),))
    return quote(source, sentence, f"{lead}. ")


def _relevance(source: Source, tasks: Sequence[Task], less: bool) -> str:
    about = subject(source)
    if source.kind is Kind.MODEL:
        return "the recommended model"
    if less:
        return f"less relevant here: its subject is {about[0].name}" if about else "less relevant here"
    return f"about {listing([task.name for task in about if task in tasks][:2])}"
