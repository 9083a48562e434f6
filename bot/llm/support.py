"""Whether a sentence says no more than a quote: word by word, in code, with nothing guessed.

A sentence may leave out what stands inside or at the end of a quote's clauses, and put in words that carry no claim. It may
not add, move or swap words that do, nor drop one that turns or weakens the claim. What is doubtful fails: the quote itself
then takes the sentence's place, so that a failure costs style and never truth.
"""

import itertools
from collections import Counter
from collections.abc import Sequence

from bot.llm.words import Token, tokens


def supported(sentence: str, quote: str, name: str) -> bool:
    """Whether `quote` bears out `sentence`; `name` is its source's, which the sentence may begin with."""
    said, held, own = tokens(sentence), tokens(quote), {token.key for token in tokens(name)}
    claims = [token for token in said if _counts(token)]
    if not claims or Counter(t.key for t in said if t.turning) != Counter(t.key for t in held if t.turning):
        return False
    for named in range(len(claims)):  # how many words at the beginning are the source's name
        if named and claims[named - 1].key not in own:
            break
        places = _places(claims[named:], held)
        if places and _reads_on(said, held, places, own):
            return True
    return False


def shared(sentence: str, quote: str) -> tuple[int, float]:
    """How many of a sentence's claiming words a quote holds, and which share of them that is."""
    keys = {token.key for token in tokens(sentence) if token.content}
    common = keys & {token.key for token in tokens(quote)}
    return len(common), len(common) / len(keys) if keys else 0.0


def _counts(token: Token) -> bool:
    """Whether a token must be found in the quote."""
    return token.content or token.turning or token.linking


def _places(claims: Sequence[Token], held: Sequence[Token]) -> list[int]:
    """Where in the quote the claiming words stand, each after the one before; empty when one is missing."""
    places: list[int] = []
    start = 0
    for claim in claims:
        place = next((n for n in range(start, len(held)) if held[n].key == claim.key), None)
        if place is None:
            return []
        places.append(place)
        start = place + 1
    return places


def _reads_on(said: Sequence[Token], held: Sequence[Token], places: Sequence[int], own: set[str]) -> bool:
    """Whether what the sentence leaves out of the quote can be left out."""
    taken = set(places)
    first, last = places[0], places[-1]
    for n in range(last + 1):
        token = held[n]
        if n in taken:
            continue
        if n < first and token.content and not token.droppable and token.key not in own:
            return False  # the quote speaks of something else first
        if (token.name and token.key not in own) or (token.number and n > first):
            return False
        if n > first and token.linking:
            return False
    for before, after in itertools.pairwise(places):
        gap = held[before + 1 : after]
        if any(t.content and not t.droppable for t in gap) and any(t.joining for t in gap):
            return False
    return _same_units(said, held)


def _same_units(said: Sequence[Token], held: Sequence[Token]) -> bool:
    """Whether every number is followed by what follows it in the quote."""
    follows = {(t.key, _next(held, n)) for n, t in enumerate(held) if t.number}
    return all((t.key, _next(said, n)) in follows for n, t in enumerate(said) if t.number)


def _next(sequence: Sequence[Token], place: int) -> str:
    """The claiming word right after a place, empty where a clause ends or none follows."""
    token = sequence[place + 1] if place + 1 < len(sequence) else None
    return token.key if token and token.content else ""
