"""What the page says of briefs and of what a conversation may use: the line below the input, reports, questions.

Names of briefs, titles and lines of documents are escaped: nothing in them formats, links or embeds.
"""

import re
from collections.abc import Sequence
from html import escape

from bot.briefs import Added, Removal, Trouble
from bot.held_to import HeldTo
from store.model import BriefRecord, Source

_MOST_LISTED = 20  # sources in a report


def brief_label(record: BriefRecord) -> str:
    """What a brief is called in a list to choose from: what it asks, and its name."""
    question = " ".join((record.question or "").split())
    name = shortened(record.name, 60)
    return name if not question or question[:20] in name else f"{shortened(question, 48)} · {name}"


def line_html(held: HeldTo, gone: Sequence[str], count: int) -> str:
    """Below the input: what the conversation may use, with the way to change it; `count` sources are held in all."""
    if not held:
        noun = "source" if count == 1 else "sources"
        told = f"Uses all {count:,} {noun}" if count > 1 else f"Uses {count} {noun}"
        return f'<p class="uses all">{_to_sources(told)}</p>' if count else ""
    what = f"the brief “{shortened(held.brief, 48)}”" if held.brief is not None else _counted_titles(held)
    what = "the pasted brief" if held.pasted else what
    if len(gone) >= max(len(held.sources), 1):
        told = f"This conversation is held to {what}, which the store no longer holds."
    else:
        told = f"Uses {what} alone."
        told += f" {_count(len(gone), 'chosen source')} no longer held." if gone else ""
    return f'<p class="uses"><span>{escape(told)}</span> {_to_sources("Change", " to-scope")}</p>'


def note_html(line: str) -> str:
    """A quiet line below a choice; nothing for an empty one."""
    return f'<p class="note">{escape(line)}</p>' if line else ""


def added_html(added: Added) -> str:
    """What became of the briefs that somebody gave."""
    told = [f"“{name}” is held already, word for word: nothing was changed." for name in added.already]
    told += [f"Added “{name}”." for name in added.briefs]
    told += [f"Another brief is called “{was}”, so this one is held as “{now}”." for was, now in added.renamed]
    if added.unchanged:
        told.append(f"{_count(added.unchanged, 'source')} held already, word for word.")
    if added.removed:
        told.append(f"{_count(added.removed, 'source')} that no brief names any more removed.")
    if not told and added.troubles:
        told.append("Nothing was added.")
    lines = "".join(f"<p>{escape(line)}</p>" for line in told)
    listed = [(source, "new") for source in added.added] + [(source, "renewed") for source in added.changed]
    return _report(f"{lines}{_sources(listed)}{''.join(_trouble(one) for one in added.troubles)}")


def sure_html(removal: Removal) -> str:
    """What removing a brief would take away."""
    question = f'<p class="ask">Remove “{escape(removal.name)}” for everybody?</p>'
    return _report(f"{question}{_listed('These go', removal.goes)}{_stays(removal.stays)}{_KEPT}")


def removed_html(removal: Removal) -> str:
    """What removing a brief took away."""
    told = f"<p>Removed “{escape(removal.name)}”.</p>"
    return _report(f"{told}{_listed('Gone', removal.goes)}{_stays(removal.stays)}")


def failed_html(line: str) -> str:
    """Why nothing was changed."""
    return _report(f'<p class="broken">{escape(_sentence(line))}</p>')


def reading_html() -> str:
    """While a brief is read."""
    return _report("<p>Reading and checking…</p>")


def shortened(text: str, longest: int) -> str:
    """A text cut to so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


_KEPT = '<p class="note">Answers that were given already keep their quotes.</p>'


def _report(content: str) -> str:
    return f'<div class="report">{content}</div>'


def _to_sources(words: str, kind: str = "") -> str:
    return f'<a class="open-sources{kind}" href="#sources">{escape(words)}</a>'


def _counted_titles(held: HeldTo) -> str:
    titles = list(held.sources.values())
    return shortened(titles[0], 48) if len(titles) == 1 else f"{len(titles)} chosen sources"


def _sources(listed: Sequence[tuple[Source, str]]) -> str:
    items = "".join(
        f'<li>{escape(source.title)} <span class="kind">{state} {escape(source.kind)}</span></li>'
        for source, state in listed[:_MOST_LISTED]
    )
    return f"<ul>{items}{_more(len(listed))}</ul>" if items else ""


def _listed(heading: str, titles: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(title)}</li>" for title in titles[:_MOST_LISTED])
    return f'<p class="heading">{heading}</p><ul>{items}{_more(len(titles))}</ul>' if items else ""


def _stays(titles: Sequence[str]) -> str:
    return _listed("These stay, since another brief names them", titles)


def _more(count: int) -> str:
    return f"<li>and {count - _MOST_LISTED:,} more</li>" if count > _MOST_LISTED else ""


def _trouble(trouble: Trouble) -> str:
    line = trouble.problem.line
    number = f'<span class="number">{line}</span> ' if line else ""
    quoted = f"<pre>{number}<code>{escape(trouble.quoted)}</code></pre>" if trouble.quoted else ""
    return f'<div class="broken"><p>{_code(_sentence(str(trouble.problem)))}</p>{quoted}</div>'


def _code(line: str) -> str:
    """A line with what stands in backticks shown as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(line))


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun} is" if count == 1 else f"{count:,} {noun}s are"


def _sentence(line: str) -> str:
    text = " ".join(line.split())
    start = text[:1].upper() if text.startswith("the ") else text[:1]  # a file's name keeps its letters
    return f"{start}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
