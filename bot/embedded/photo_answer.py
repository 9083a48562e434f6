"""What the embedded model says of photos: what was done, with which weights, and what MSSNet's source says of it."""

from collections.abc import Sequence

from bot.draft import Block, Cited, Draft, Paragraph, References, Referred, Section, Statement, body, paragraph, say
from bot.embedded.language import Part, sentences
from bot.embedded.photo_wish import PhotoWish
from bot.embedded.phrasing import listing, quote
from bot.embedded.roles import contribution
from bot.embedded.view import View, header_line
from bot.photos.album import Picture, Result
from bot.photos.tools import UNDO, Tried, duration
from bot.render import escape
from restore.registry import canonical_name
from store.model import Source

NETWORK_QUERY = "MSSNet, a network that removes blur from photos"  # what the answer's citation is searched with
_NETWORK = "mssnet"


def await_photo() -> Draft:
    """An invitation, for whoever speaks of a photo that isn't there yet."""
    return body("help", [paragraph(say(
        "Yes: add the photo to this conversation (drop it here, paste it, or choose the file), and I run MSSNet on it, a network "
        "that removes blur. It stays on this machine, and the file itself is never changed."
    ))])  # fmt: skip


def refuse_wish(wish: PhotoWish) -> Draft:
    """Why something can't be done with a photo, and what can."""
    return body("restoration", [paragraph(say(wish.problem))])


def photo_answer(
    wish: PhotoWish, pictures: Sequence[Picture], tried: Sequence[Tried], standing: Sequence[Result], view: View
) -> Draft:
    """The answer to a turn about photos.

    pictures: all of the conversation. tried: what this turn did. standing: the results that stand after it.
    """
    names = {picture.id: escape(picture.name) for picture in pictures}
    statements: list[Statement] = [say(_sentence(line)) for line in wish.refused]
    done: list[Result] = []
    if wish.action == "describe":
        done = [result for result in standing if result.photo in wish.photos][-1:]
        statements += [say(_described(result, names)) for result in done]
        if not done:
            statements.append(say("Nothing was done to that photo yet: ask me to sharpen it."))
    for one in tried:
        if one.error:
            statements.append(say(_sentence(f"{names.get(one.photo, one.photo)} was not changed: {escape(one.error)}")))
        elif one.tool == UNDO:
            statements.append(say(_undone(one, names, standing)))
        elif one.result is not None:
            done.append(one.result)
            statements.append(say(_done(one.result, names)))
    blocks: list[Block] = [Paragraph(statements=tuple(statements))] if statements else []
    if done:
        blocks += _about_network(done, view)
    if not blocks:
        blocks = [paragraph(say("There was no photo to work on: add one to the conversation."))]
    return body("restoration", blocks).model_copy(update={"result": done[-1].id if done else None})


def with_explanation(restored: Draft, explained: Draft) -> Draft:
    """Both the restoration and the answer to the question that came with the photo."""
    if explained.mode in ("refusal", "help"):
        return restored
    opening = Section(
        name="body", blocks=tuple(b for s in restored.sections for b in s.blocks if isinstance(b, Paragraph))
    )
    return Draft(mode=explained.mode, sections=(opening, *explained.sections), result=restored.result)


def _done(result: Result, names: dict[str, str]) -> str:
    parts = [f"Done: **{names.get(result.photo, result.photo)}**, {_size(result)}", _tiles(result), _took(result)]
    text = f"{', '.join(parts)}, with {_weights(result)}."
    return " ".join([text, *_remarks(result)])


def _described(result: Result, names: dict[str, str]) -> str:
    name = names.get(result.photo, result.photo)
    steps = ["turned upright where its camera said so"]
    if result.enlarge > 1:
        steps.append(f"enlarged {result.enlarge} times by Lanczos, which adds no detail")
    steps.append(f"cut into {_tiles(result)}, each run through MSSNet with {_weights(result)}")
    if result.strength < 1:
        steps.append(f"mixed with the photo as it was, {result.strength:.0%} of the network's result")
    steps.append("given back the colours and brightness of the original over wide areas")
    text = f"This is what I did to **{name}**: it was {listing(steps)}. The result has {_size(result)} and took {_took(result)}."
    return " ".join([text, *_remarks(result), "Your file itself was not changed."])


def _undone(one: Tried, names: dict[str, str], standing: Sequence[Result]) -> str:
    name = names.get(one.photo, one.photo)
    earlier = [result for result in standing if result.photo == one.photo]
    if earlier:
        return f"Undone: you see **{name}** again as it was before the last step, {_size(earlier[-1])}."
    return f"Undone: you see **{name}** again as you gave it. The file itself was never changed."


def _remarks(result: Result) -> list[str]:
    """What ought to be said beside the facts: other weights than asked for, Lanczos, strength, what was lost."""
    remarks = [_sentence(escape(result.note))] if result.note else []
    if result.enlarge > 1:
        remarks.append(f"It was enlarged {result.enlarge} times by Lanczos first, which adds no detail of its own.")
    if result.strength < 1:
        remarks.append(f"{result.strength:.0%} of the network's result was mixed with the photo as it was.")
    remarks += [_sentence(escape(note)) for note in result.notes]
    before, after = result.sharpness_before, result.sharpness_after
    if before > 0:
        remarks.append(f"Measured sharpness (variance of the Laplacian) went from {before:.3g} to {after:.3g}.")
    return remarks


def _about_network(done: Sequence[Result], view: View) -> list[Block]:
    """What the source of the network says that it does, and what it can't."""
    measured = [say(text) for text in dict.fromkeys(escape(result.measured) for result in done) if text]
    source = _network_source(done[-1], view)
    if source is None:
        return [paragraph(*measured, say("The sources I hold don't describe MSSNet, the network that ran."))]
    intro = contribution(source)
    limit = next(
        (sentence for sentence in sentences(source) if Part.LIMIT in sentence.parts and sentence != intro), None
    )
    statements = [quote(source, sentence) for sentence in (intro, limit) if sentence is not None]
    header = Cited(source_id=source.source_id, quote=header_line(source))
    why = Statement(text=f"{escape(source.title)} is the network that ran.", cites=(header,))
    if not statements:
        statements = [why]
    item = Referred(source_id=source.source_id, why=why)
    return [paragraph(*statements, *measured), References(items=(item,), listed=False)]


def _network_source(result: Result, view: View) -> Source | None:
    """The source about MSSNet: that of the weights that ran where it is held, else any."""
    held = [source for source in view.sources if _NETWORK in source.title.casefold()]
    wanted = {canonical_name(name) for name in (result.asked_checkpoint, result.checkpoint) if name}
    return next((source for source in held if canonical_name(source.title) in wanted), held[0] if held else None)


def _weights(result: Result) -> str:
    own = not result.asked_checkpoint or result.note
    return f"the bundled weights *{escape(result.checkpoint)}*" if own else f"the weights *{escape(result.checkpoint)}*"


def _size(result: Result) -> str:
    return f"{result.width} × {result.height} px"


def _tiles(result: Result) -> str:
    return f"{result.tiles} tile{'' if result.tiles == 1 else 's'}"


def _took(result: Result) -> str:
    return f"{result.seconds:.1f} s" if result.seconds < 90 else duration(result.seconds)


def _sentence(line: str) -> str:
    text = " ".join(line.split())
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
