"""The list of conversations on the page, and the ways to take one along."""

import time
from collections.abc import Sequence
from html import escape
from itertools import groupby

from bot.conversations import Conversation

ROUTE = "/unblur/conversations"  # what the server hands exports out under, followed by the conversation and the file
EXPORTS = {
    "conversation.zip": "Markdown with photos",
    "conversation.html": "HTML",
    "conversation.json": "JSON",
    "sources.bib": "BibTeX",
    "sources.csl.json": "CSL-JSON",
}
_MOST = 200
_DAY_S = 86_400


def list_html(conversations: Sequence[Conversation], current: str, *, searching: bool, now: float | None = None) -> str:
    """Conversations under the day that they were last spoken in; the open one is marked."""
    if not conversations:
        words = "No conversation holds these words." if searching else "Your conversations will be listed here."
        return f'<p class="none">{words}</p>'
    today = time.time() if now is None else now
    parts = []
    for day, members in groupby(conversations[:_MOST], key=lambda one: _day(one.touched, today)):
        items = "".join(_item(one, current) for one in members)
        parts.append(f"<h3>{day}</h3><ul>{items}</ul>")
    return f'<nav aria-label="Conversations">{"".join(parts)}</nav>'


def export_html(thread: str) -> str:
    """Links that download the open conversation."""
    links = " ".join(
        f'<a href=".{ROUTE}/{thread}/{file}" download>{escape(name)}</a>' for file, name in EXPORTS.items()
    )
    return f'<p class="exports">Download as {links}</p>'


def _item(one: Conversation, current: str) -> str:
    marked = ' aria-current="page"' if one.thread == current else ""
    return f'<li><a href="?thread={escape(one.thread)}"{marked}>{escape(one.title)}</a></li>'


def _day(touched: float, now: float) -> str:
    days = int(_midnight(now) // _DAY_S - _midnight(touched) // _DAY_S)
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return "Earlier this week" if days < 7 else "Earlier"


def _midnight(moment: float) -> float:
    """The moment in the machine's own time, as seconds whose days begin at its midnight."""
    return moment + time.localtime(moment).tm_gmtoff
