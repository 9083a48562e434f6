"""The explanation in three parts: the task, the workflow with an answer to each question asked, the papers and tools."""

from collections.abc import Sequence

from bot.draft import Block, Cited, Draft, Flow, Items, References, Referred, Section, Statement, paragraph, say
from bot.embedded.knowledge import Task, asked_attributes, asked_tasks
from bot.embedded.language import Part, Sentence, sentences
from bot.embedded.phrasing import attributed, cite, listing, quote, quoted
from bot.embedded.turn import Turn
from bot.embedded.view import View, called, contribution, header_line, pick, subject
from bot.render import escape
from store.model import Kind, Source

_MAX_SENTENCES = 4  # answering one question
_PER_SOURCE = 2  # of them from one source
_ENOUGH = 0.25  # cosine from which a sentence may answer a question
_NEAR_BEST = 0.62  # of the best sentence's score, from which others may stand beside it
_RELEVANT = 0.55  # of the best source's score, from which an unscoped answer lists a source
_MAX_REFERENCES = 8
_VIDEO = ("video", "frame", "clip", "film", "footage")


def explain(turn: Turn, view: View) -> Draft:
    """Draft the three parts from what was found."""
    sources = _listed(turn, view)
    main = sources[0]
    tasks = asked_tasks(turn.question.text) or subject(main)[:1]
    return Draft(
        mode="explain",
        sections=(
            Section(name="task", title="1. Task", blocks=(_task(turn, tasks, main, sources),)),
            Section(name="workflow", title="2. Workflow", blocks=tuple(_workflow(turn, tasks, main, sources, view))),
            Section(name="references", title="3. Papers and tools", blocks=(_references(tasks, sources),)),
        ),
    )


def _listed(turn: Turn, view: View) -> list[Source]:
    """The sources that the answer lists: all of a brief's, else the relevant ones; recommended models first."""
    if turn.brief:
        return [*view.models, *view.papers]
    best = max(view.scores.values())
    relevant = [s for s in view.sources if view.scores[s.source_id] >= _RELEVANT * best][:_MAX_REFERENCES]
    models = [source for source in relevant if source.kind is Kind.MODEL]
    return [*models, *(source for source in relevant if source.kind is Kind.PAPER)]


# -- 1. Task


def _task(turn: Turn, tasks: Sequence[Task], main: Source, sources: Sequence[Source]) -> Block:
    statements = [say(_wish(turn, tasks))]
    statements += _about_main(main, tasks)
    paper = _paper_for(tasks, main, sources)
    if paper is not None:
        sentence = contribution(paper)
        if sentence is not None:
            shared = next(task for task in tasks if task in subject(paper))
            lead = f"Of the papers, {escape(called(paper))} is the one about {shared.name} itself: "
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
    return (
        f"{opening} {wishes}. The field calls this {named}, a kind of image restoration."
        if _restores(tasks)
        else (f"{opening} {wishes}. The field calls this {named}.")
    )


_NOT_RESTORATION = frozenset(
    {"feature upsampling", "depth estimation", "3D reconstruction", "segmentation", "object detection", "image generation",
     "image quality assessment"}
)  # fmt: skip


def _restores(tasks: Sequence[Task]) -> bool:
    return all(task.name not in _NOT_RESTORATION for task in tasks[:2])


def _about_main(main: Source, tasks: Sequence[Task]) -> list[Statement]:
    """What the recommended model (or the best paper) is, and what of the task it leaves out."""
    name = escape(main.title if main.kind is Kind.MODEL else called(main))
    sentence = contribution(main)
    if sentence is None:
        header = Cited(source_id=main.source_id, quote=header_line(main))
        return [
            Statement(
                text=f"The recommended model is {name}; it came with its links alone and no description, "
                "so how it works inside the sources don't say.",
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
        and any(sentence.text in task.terms or sentence.text in task.asks for task in tasks)
    ][:1]


def _paper_for(tasks: Sequence[Task], main: Source, sources: Sequence[Source]) -> Source | None:
    """The best paper that is mainly about one of the tasks."""
    for source in sources:
        if source is not main and source.kind is Kind.PAPER and set(subject(source)[:1]) & set(tasks):
            return source
    return None


# -- 2. Workflow


def _workflow(turn: Turn, tasks: Sequence[Task], main: Source, sources: Sequence[Source], view: View) -> list[Block]:
    doing = (subject(main)[:1] or list(tasks[:1]))[0] if (subject(main) or tasks) else None
    given, got = (doing.input, doing.output) if doing else ("your picture", "the restored picture")
    name = main.title if main.kind is Kind.MODEL else called(main)
    steps, used = _steps(main, sources, given, got)
    blocks: list[Block] = [Flow(input=given, model=name, output=got), Items(statements=tuple(steps), ordered=True)]
    for part in turn.question.parts:
        statements, used = _answer(part, main, sources, view, used)
        blocks.append(Items(heading=escape(part), statements=tuple(statements)))
    return blocks


def _steps(main: Source, sources: Sequence[Source], given: str, got: str) -> tuple[list[Statement], list[Sentence]]:
    """Input, model and output, each in the source's words where it has some; and the sentences used."""
    own = sentences(main)
    intro = contribution(main)
    used = [intro] if intro else []
    taken = next(iter(pick([s for s in own if Part.INPUT in s.parts], 1)), None)
    steps = [quote(main, taken, "**Input.** ") if taken else say(f"**Input.** {given[:1].upper()}{given[1:]}.")]
    used += [taken] if taken else []
    inner = next(iter(pick([s for s in own if Part.METHOD in s.parts], 1, used=used)), None) or intro
    if inner is not None:
        steps.append(quote(main, inner, "**Model.** "))
        used.append(inner)
    else:
        steps.append(_undescribed(main, sources))
    made = next(iter(pick([s for s in own if Part.OUTPUT in s.parts], 1, used=used)), None)
    steps.append(quote(main, made, "**Output.** ") if made else say(f"**Output.** {got[:1].upper()}{got[1:]}."))
    used += [made] if made else []
    return steps, used


def _undescribed(main: Source, sources: Sequence[Source]) -> Statement:
    """The model step where the model came without a description: what the closest paper does instead."""
    header = Cited(source_id=main.source_id, quote=header_line(main))
    for paper in sources:
        sentence = contribution(paper) if paper is not main else None
        if sentence is not None:
            return Statement(
                text=f"**Model.** {escape(main.title)} does this step, and the sources don't describe it. The closest one that "
                f"is described, {escape(called(paper))}, works like this: {quoted(paper, sentence)}",
                cites=(header, cite(sentence)),
            )
    return Statement(text=f"**Model.** {escape(main.title)}, which the sources don't describe.", cites=(header,))


def _answer(
    part: str, main: Source, sources: Sequence[Source], view: View, used: list[Sentence]
) -> tuple[list[Statement], list[Sentence]]:
    """The sentences of the sources that answer one question, and what they leave open."""
    by_id = {source.source_id: source for source in sources}
    scored = [(_worth(part, sentence, main, view), sentence) for source in sources for sentence in sentences(source)]
    scored.sort(key=lambda item: (-item[0], item[1].source_id, item[1].number))
    best = scored[0][0] if scored else 0.0
    good = [sentence for worth, sentence in scored if worth >= max(_ENOUGH, _NEAR_BEST * best)]
    chosen: list[Sentence] = []
    for sentence in pick(good, len(good), used=used):
        if sum(other.source_id == sentence.source_id for other in chosen) < _PER_SOURCE:
            chosen.append(sentence)
    chosen = chosen[:_MAX_SENTENCES]
    statements = [attributed(by_id[s.source_id], s, called(by_id[s.source_id])) for s in chosen]
    if not statements:
        statements.append(say("The sources found here don't answer this part."))
    statements += _gaps(part, sources)
    return statements, used + chosen


def _worth(part: str, sentence: Sentence, main: Source, view: View) -> float:
    """How well a sentence answers a question: its similarity, and whether it tells how or what rather than why it is hard."""
    worth = max(
        view.fit(part, sentence), 0.8 * max((view.fit(found.query, sentence) for found in view.found), default=0.0)
    )
    if worth == 0.0:
        return 0.0
    if Part.METHOD in sentence.parts:
        worth += 0.06
    if Part.PROBLEM in sentence.parts and Part.METHOD not in sentence.parts:
        worth -= 0.04
    if sentence.source_id == main.source_id:
        worth += 0.05
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


def _references(tasks: Sequence[Task], sources: Sequence[Source]) -> Block:
    relevant = [source for source in sources if _matters(source, tasks)]
    rest = [source for source in sources if source not in relevant]
    items = [
        Referred(source_id=source.source_id, why=_why(source, tasks, source in rest)) for source in [*relevant, *rest]
    ]
    return References(items=tuple(items))


def _matters(source: Source, tasks: Sequence[Task]) -> bool:
    return source.kind is Kind.MODEL or bool(set(subject(source)[:2]) & set(tasks))


def _why(source: Source, tasks: Sequence[Task], less: bool) -> Statement:
    """One statement on why a source is listed."""
    sentence = contribution(source)
    if sentence is None:
        header = Cited(source_id=source.source_id, quote=header_line(source))
        return Statement(text="the recommended model; only its links were supplied.", cites=(header,))
    if source.kind is Kind.MODEL:
        return quote(source, sentence, "the recommended model. ")
    about = subject(source)
    shared = [task.name for task in about if task in tasks][:2]
    if less:
        topic = f"its subject is {about[0].name}" if about else "its subject is another"
        return quote(source, sentence, f"less relevant here, {topic}. ")
    return quote(source, sentence, f"on {listing(shared)}. ")
