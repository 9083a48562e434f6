"""One entry for each source: a brief that names a source twice means it once."""

from collections.abc import Iterable

from store.identity import source_id
from store.model import Entry


def merged(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """`entries` with those of the same source made one, each where its source came first.

    The first title and the first link of each sort stay; summaries that differ follow each other as
    paragraphs, so that each can be quoted.
    """
    by_source: dict[str, list[Entry]] = {}
    for entry in entries:
        by_source.setdefault(source_id(entry), []).append(entry)
    return tuple(same[0] if len(same) == 1 else _one_of(same) for same in by_source.values())


def _one_of(same: list[Entry]) -> Entry:
    summaries = dict.fromkeys(entry.summary for entry in same if entry.summary)  # each once, in order
    return Entry(
        kind=same[0].kind,
        title=same[0].title,
        paper_url=next((entry.paper_url for entry in same if entry.paper_url), None),
        github_url=next((entry.github_url for entry in same if entry.github_url), None),
        summary="\n\n".join(summaries),
    )
