"""Photos on the page: thumbnails in the conversation, and the panel with before and after and what can be done next."""

from collections.abc import Sequence
from html import escape

from bot.photos.album import Picture, Result
from bot.photos.tools import duration
from bot.service import Exchange

ROUTE = "/unblur/photos"  # what the server hands photos out under, followed by the conversation and the file
SHOWN = {
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".avif",
    ".tif",
    ".bmp",
    ".gif",
    ".heic",
}  # suffixes of files that are photos
CAMERA = (
    '<label class="camera" title="Take a photo"><svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" '
    'stroke-width="1.6" stroke-linejoin="round"><path d="M4 7.5h3.2L9 5h6l1.8 2.5H20a1 1 0 0 1 1 1V18a1 1 0 0 1-1 1H4a1 1 0 0 '
    '1-1-1V8.5a1 1 0 0 1 1-1z"/><circle cx="12" cy="13" r="3.6"/></svg>'
    '<input class="unseen" type="file" accept="image/*" capture="environment" aria-label="Take a photo"></label>'
)  # shown where there is a touch screen; the device's own camera application takes the photo


def address(thread: str, file: str) -> str:
    """Where a photo's file is found, from the page."""
    return f".{ROUTE}/{thread}/{file}"


def thumbnails_html(thread: str, pictures: Sequence[Picture]) -> str:
    """The photos that came with a question."""
    if not pictures:
        return ""
    shown = "".join(
        f'<li><a class="open-photo" href="#photo-{picture.id}" title="Show {escape(picture.name)}">'
        f'<img src="{address(thread, f"{picture.id}.thumb.png")}" alt="{escape(picture.name)}">'
        f'<span class="caption">{escape(picture.name)}, {picture.width} × {picture.height}</span></a></li>'
        for picture in pictures
    )
    return f'<ul class="thumbs">{shown}</ul>'


def results_html(thread: str, results: Sequence[Result]) -> str:
    """What an answer made of photos: each as it looks now, the way to its before and after, and the download."""
    return "".join(
        f'<div class="made"><a class="open-photo" href="#photo-{result.id}" title="Compare before and after">'
        f'<img src="{address(thread, f"{result.id}.after.png")}" alt="{escape(result.name)}, restored"></a>'
        f'<p class="made-links"><a class="open-photo" href="#photo-{result.id}">Compare before and after</a> '
        f'<a class="download" href="{_download(thread, result)}">Download {result.width} × {result.height}</a></p></div>'
        for result in results
    )


def panel_html(thread: str, exchanges: Sequence[Exchange]) -> str:
    """The panel of photos: the one that the conversation is at is shown, the page turns to the others."""
    results = [result for exchange in exchanges for result in exchange.results]
    pictures = [picture for exchange in exchanges for picture in exchange.pictures]
    names = {picture.id: picture.name for picture in pictures}
    shown = _shown_last(exchanges)
    several = len(pictures) > 1
    sections = [_alone(thread, picture, shown, several) for picture in pictures]
    sections += [_compared(thread, result, names.get(result.photo, result.name), shown, several) for result in results]
    return f'<div class="photos" data-count="{len(pictures)}">{"".join(sections)}</div>'


def _shown_last(exchanges: Sequence[Exchange]) -> str:
    """The id of what the panel shows: the last result that stands, else the last photo."""
    for exchange in reversed(exchanges):
        if exchange.shows is not None:
            return exchange.shows.id
        if exchange.pictures:
            return exchange.pictures[-1].id
    return ""


def _alone(thread: str, picture: Picture, shown: str, several: bool) -> str:
    """A photo as it was given."""
    meant = f" ({picture.id})" if several else ""
    return _section(
        picture.id,
        shown,
        f'<figure><img class="alone" src="{address(thread, f"{picture.id}.view.png")}" alt="{escape(picture.name)}">'
        f"<figcaption>{escape(picture.name)}, {picture.width} × {picture.height}, as you gave it</figcaption></figure>"
        f'<div class="acts">{_say(f"Sharpen it{meant}", "Sharpen")}</div>',
    )


def _compared(thread: str, result: Result, name: str, shown: str, several: bool) -> str:
    """Before and after of a result, with its facts and what can be done next."""
    before, after = (address(thread, f"{result.id}.{side}.png") for side in ("before", "after"))
    took = f"{result.seconds:.1f} s" if result.seconds < 90 else duration(result.seconds)
    strength = "" if result.strength == 1 else f", strength {result.strength:g}"
    facts = f"{result.checkpoint}{strength}, {result.width} × {result.height}, {result.tiles} tiles, {took}"
    meant = f" ({result.photo})" if several else ""
    larger = "".join(
        _say(f"Enlarge it {times} times{meant}", f"{times}×", f"Enlarge {times} times") for times in (2, 3, 4)
    )
    return _section(
        result.id,
        shown,
        f'<figure><div class="pair"><img class="before" src="{before}" alt="{escape(name)} before">'
        f'<div class="over"><img class="after" src="{after}" alt="{escape(name)} after"></div>'
        '<span class="corner left" aria-hidden="true">before</span><span class="corner right" aria-hidden="true">after</span>'
        '<span class="handle" aria-hidden="true"></span>'
        '<input class="split" type="range" min="0" max="100" step="1" value="50" '
        f'aria-label="Where before ends and after begins in {escape(name)}" aria-valuetext="50 percent restored"></div>'
        f"<figcaption>{escape(facts)}</figcaption></figure>"
        f'<div class="acts"><a class="download" href="{_download(thread, result)}">Download</a>'
        f'<span class="group" role="group" aria-label="Enlarge">Enlarge {larger}</span>'
        f"{_say(f'A bit weaker{meant}', 'Weaker', 'Do it again, weaker')}"
        f"{_say(f'Do it again{meant}', 'Again')}{_say(f'Undo{meant}', 'Undo')}</div>",
    )


def _section(picture_id: str, shown: str, content: str) -> str:
    hidden = "" if picture_id == shown else " hidden"
    return f'<section class="photo" data-photo="{picture_id}"{hidden}>{content}</section>'


def _say(words: str, label: str, title: str = "") -> str:
    """A button that says something in the conversation."""
    named = f' title="{escape(title)}"' if title else ""
    return f'<button type="button" class="say" data-say="{escape(words)}"{named}>{escape(label)}</button>'


def _download(thread: str, result: Result) -> str:
    return f"{address(thread, result.file)}?download"
