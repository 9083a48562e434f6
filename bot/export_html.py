"""A conversation as one HTML file that needs nothing else: to read, to send on, and to print or save as PDF in a browser."""

import base64
import io
from collections.abc import Sequence
from html import escape

from PIL import Image

from bot.answer import Answer
from bot.exchanges import Exchange
from bot.page.markup import answer_html, outside_link, quote_anchor
from bot.photos.album import Album
from restore.errors import PhotoError
from restore.photo import encode_photo

_LONGEST = 1_280  # px, the longer side of a photo in the file; the archive has them whole
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
.asked { border-left: .25rem solid #8888; padding-left: 1rem; white-space: pre-wrap; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
a.marker { font-size: .8em; vertical-align: super; }
ol.flow { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem; }
ol.flow li { border: 1px solid #8888; border-radius: .5rem; padding: .4rem .8rem; }
.flow-name { display: block; font-size: .8em; }
.quotes { font-size: .9em; }
.quotes li:target { outline: 2px solid; }
img { max-width: 100%; height: auto; border-radius: .5rem; }
figure { margin: 1rem 0; }
table { border-collapse: collapse; }
td, th { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; vertical-align: top; }
@media print { section { break-inside: avoid; } }
"""


def as_html(title: str, exchanges: Sequence[Exchange], album: Album) -> str:
    """The conversation as an HTML document; its photos are in it, made smaller, and its markers lead to their quotes."""
    turns = "".join(_turn(number, exchange, album) for number, exchange in enumerate(exchanges, start=1))
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>\n{turns}</main></body></html>\n"
    )


def _turn(number: int, exchange: Exchange, album: Album) -> str:
    photos = "".join(_figure(album, f"{one.id}.view.png", one.name) for one in exchange.pictures)
    words = "" if exchange.wordless else f'<p class="asked">{escape(exchange.question)}</p>'
    pasted = f"<pre>{escape(exchange.pasted.strip())}</pre>" if exchange.pasted is not None else ""
    answer = "<p>This answer was stopped before it was complete.</p>"
    if exchange.answer is not None:
        results = "".join(_figure(album, f"{one.id}.after.png", one.name) for one in exchange.results)
        answer = f"{_answer(number, exchange.answer, exchange)}{results}"
    return f"<section><h2>You</h2>{photos}{words}{pasted}</section>\n<section><h2>Unblur</h2>{answer}</section>\n"


def _answer(number: int, answer: Answer, exchange: Exchange) -> str:
    markers = [citation.marker for citation in answer.citations]
    urls = [url for source in exchange.sources.values() for url in source.urls]
    body = answer_html(answer.answer, answer=number, markers=markers, urls=urls)
    quotes = "".join(
        f'<li id="{quote_anchor(number, one.marker)}" value="{one.marker}"><q>{escape(" ".join(one.quote.split()))}</q> — '
        f"{_title(one.source_id, exchange)}</li>"
        for one in answer.citations
    )
    return f'{body}<ol class="quotes">{quotes}</ol>' if quotes else body


def _title(source_id: str, exchange: Exchange) -> str:
    source = exchange.sources.get(source_id)
    if source is None:
        return escape(source_id)
    url = source.paper_url or source.github_url
    return outside_link(url, source.title) if url else escape(source.title)


def _figure(album: Album, view: str, name: str) -> str:
    """A photo as the page shows it, made small enough to travel inside the file; nothing where it is gone."""
    try:
        with Image.open(album.path(view)) as shown:
            shown.thumbnail((_LONGEST, _LONGEST))
            kind = "png" if "A" in shown.mode else "jpeg"
            encoded = io.BytesIO()
            encode_photo(shown, encoded, kind.upper())
    except (PhotoError, OSError):
        return f"<p>{escape(name)} is no longer here.</p>"
    data = base64.b64encode(encoded.getvalue()).decode()
    shown_name = escape(name)
    return f'<figure><img src="data:image/{kind};base64,{data}" alt="{shown_name}"><figcaption>{shown_name}</figcaption></figure>'
