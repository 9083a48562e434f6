"""A conversation as files to keep: Markdown with its photos beside it, or JSON; every quote and link as the answers gave them."""

import io
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bot.photos.album import Album
from bot.service import Exchange
from restore.errors import PhotoError


def markdown(title: str, exchanges: Sequence[Exchange]) -> str:
    """The conversation as Markdown; its photos are referred to as files in `photos/`."""
    parts = [f"# {title}"]
    for exchange in exchanges:
        parts.append("## You")
        parts += [f"![{picture.name}](photos/{picture.file})" for picture in exchange.pictures]
        if not exchange.wordless:
            parts.append("\n".join(f"> {line}" for line in exchange.question.splitlines()))
        if exchange.pasted is not None:
            parts.append(f"The question of this brief, which was pasted:\n\n{_fenced(exchange.pasted)}")
        parts.append("## Unblur")
        if exchange.answer is None:
            parts.append("*This answer was stopped before it was complete.*")
            continue
        parts.append(exchange.answer.answer)
        parts += [f"![{result.name}](photos/{result.file})" for result in exchange.results]
        parts += [
            _quote(citation.marker, citation.quote, exchange, citation.source_id)
            for citation in exchange.answer.citations
        ]
    return "\n\n".join(parts) + "\n"


def as_json(title: str, thread: str, exchanges: Sequence[Exchange]) -> str:
    """The conversation as one JSON document: its turns with their answers as `unblur ask --json` prints them."""
    turns = [
        {
            "question": exchange.question,
            "pasted_brief": exchange.pasted,
            "photos": [picture.name for picture in exchange.pictures],
            "answer": exchange.answer.model_dump(mode="json") if exchange.answer else None,
        }
        for exchange in exchanges
    ]
    return json.dumps({"title": title, "thread": thread, "turns": turns}, ensure_ascii=False, indent=2) + "\n"


def archive(title: str, thread: str, exchanges: Sequence[Exchange], album: Album) -> bytes:
    """A zip file with conversation.md, conversation.json and photos/."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as out:  # photos are compressed already
        out.writestr("conversation.md", markdown(title, exchanges), zipfile.ZIP_DEFLATED)
        out.writestr("conversation.json", as_json(title, thread, exchanges), zipfile.ZIP_DEFLATED)
        for exchange in exchanges:
            for file in (*(one.file for one in exchange.pictures), *(one.file for one in exchange.results)):
                path = _there(album, file)
                if path is not None:
                    out.write(path, f"photos/{file}")
    return packed.getvalue()


def _fenced(text: str) -> str:
    """Text as a code block, whose fence is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text.strip()}\n{fence}"


def _there(album: Album, file: str) -> Path | None:
    try:
        return album.path(file)
    except PhotoError:
        return None  # deleted meanwhile


def _quote(marker: int, quote: str, exchange: Exchange, source_id: str) -> str:
    source = exchange.sources.get(source_id)
    words = " ".join(quote.split())
    return f"[{marker}] “{words}” — {source.title if source else source_id}"
