"""Two questions to offer beside a refusal: about sources that are held, so that neither is refused when it is asked."""

from collections.abc import Iterable, Mapping, Sequence

from bot.answer import Answer
from bot.embedded.knowledge import asked_attributes
from bot.embedded.language import is_name, sentences, short_title
from bot.embedded.names import names
from store.model import Scope, Source
from store.store import Store

MOST = 2
_LONGEST_NAME = 10  # words of a title that a short question can carry
_SOURCES = 8  # looked at for names

_Named = tuple[str, Source]


def offered_questions(answer: Answer, sources: Mapping[str, Source]) -> tuple[str, ...]:
    """At most two questions that the sources found for a refused one can answer; none beside any other answer.

    sources: those that the search found, by id, nearest first; where it was held to some, so is what is offered.
    """
    if not answer.refused:
        return ()
    given = list(sources.values())
    named = sorted(_well_named(given), key=_plainness)
    asked = " ".join(answer.question.split()).casefold()
    questions = [_about(name) for name, _ in named]
    questions[1:1] = [question for other in named[1:] if (question := _comparison(named[0], other))][:1]
    return tuple(one for one in questions if one.casefold() != asked)[:MOST]


def questions_from(store: Store, answer: Answer) -> tuple[str, ...]:
    """The same for an answer alone: what its question finds in the store, or in the brief that it was held to."""
    if not answer.refused:
        return ()
    scope = Scope(briefs=frozenset({answer.brief})) if answer.brief else None
    found = store.search(answer.question, scope=scope, sources=_SOURCES)
    return offered_questions(answer, {evidence.source.source_id: evidence.source for evidence in found})


def _well_named(sources: Sequence[Source]) -> Iterable[_Named]:
    """The sources whose name, put in a question, means them and nothing else."""
    for source in sources:
        name = short_title(source.title)
        question = _about(name)
        if len(name.split()) > _LONGEST_NAME or asked_attributes(question):
            continue
        if names(question, sources) == [source]:
            yield name, source


def _plainness(named: _Named) -> tuple[bool, bool]:
    """What comes first: a source of which more than links is held, and one with a name of its own."""
    return not sentences(named[1]), not is_name(named[1].title)


def _comparison(one: _Named, other: _Named) -> str | None:
    """The question that sets two sources side by side, where it means these two and there is something to compare."""
    (name, first), (second_name, second) = one, other
    question = f"Compare {name} and {second_name}"
    if first.paper_url == second.paper_url or not (sentences(first) and sentences(second)):
        return None
    joined = any(" and " in f" {title} ".casefold() for title in (name, second_name))
    return None if joined or names(question, [first, second]) != [first, second] else question


def _about(name: str) -> str:
    return f"Tell me about {name}"
