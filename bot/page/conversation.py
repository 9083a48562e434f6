"""The conversation as the chat shows it: questions, answers, the steps of one that is being written, and errors.

Everything here is HTML on one line, since Gradio's chat reads its messages as Markdown and cleans what HTML they hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from bot.answer import Answer, Removed
from bot.errors import UserError
from bot.offers import offered_questions
from bot.page.markup import answer_html, as_html_block
from bot.page.photos import results_html, thumbnails_html
from bot.pasted import Pasted, read_pasted
from bot.service import Exchange

Message = dict[str, str]  # what Gradio's chat takes: role and content

_CUT_OFF = "This answer was stopped before it was complete. Ask again to have it in full."
_KEEP = '<p class="keep"><button type="button" class="keep-sources">Keep these sources</button></p>'
_SHARPEN = "Please sharpen my photo."  # what photos without a word ask for again, when they are there already
_LONGEST_SHOWN = 2_000  # characters of a question
REMARK_FORM = (
    '<template id="remark-form"><form class="remark"><label>What was wrong? '
    "<span>You may leave this empty. It is kept with this conversation.</span>"
    '<textarea name="remark" rows="3" maxlength="2000"></textarea></label><p class="problem" role="alert"></p>'
    '<div class="remark-acts"><button type="submit">Send</button><button type="button" class="skip">Skip</button></div>'
    "</form></template>"
)  # the page's script shows it below an answer that was not helpful


@dataclass(frozen=True)
class Writing:
    """An answer that is being written: what the agent does, and what there is of the answer."""

    step: str = ""
    markdown: str = ""
    fraction: float | None = None  # of what the step does that is done

    def after(self, step: str, fraction: float | None = None) -> "Writing":
        """The same with another step."""
        return Writing(step, self.markdown, fraction)

    def with_piece(self, markdown: str) -> "Writing":
        """The same with one more piece of the answer."""
        return Writing(self.step, f"{self.markdown}\n\n{markdown}".strip())


def messages(thread: str, exchanges: Sequence[Exchange], liked: Mapping[int, bool] | None = None) -> list[Message]:
    """A whole conversation, oldest first; `liked` says what was thought of its answers, by number."""
    last_pasted = max((number for number, one in enumerate(exchanges, start=1) if one.pasted), default=0)
    return [
        message
        for number, exchange in enumerate(exchanges, start=1)
        for message in (
            question_message(
                "" if exchange.wordless else exchange.pasted or exchange.question,
                thumbnails_html(thread, exchange.pictures),
            ),
            _answer_message(thread, number, exchange, (liked or {}).get(number), offers=number == last_pasted),
        )
    ]


def question_message(question: str, photos: str = "") -> Message:
    """What the user said, word for word, and the HTML of the photos that came with it; a very long question is cut.

    Of a pasted brief its question is shown, and the brief can be unfolded.
    """
    shown = question.strip()
    pasted = _pasted(shown)
    words = _words(pasted.question if pasted else shown)
    brief = _unfolding(pasted) if pasted else ""
    asked = f'<div class="question">{photos}{f"<p>{words}</p>" if words else ""}{brief}</div>'
    return _message("user", f'<div class="said"><h2 class="who">You</h2>{asked}</div>')


def _pasted(question: str) -> Pasted | None:
    try:
        return read_pasted(question)
    except UserError:  # it is shown as it is, and answered with what is wrong with it
        return None


def _unfolding(pasted: Pasted) -> str:
    count = _counted(len(pasted.brief.entries), "source")
    text = f"<p>{_words(pasted.text.strip())}</p>"
    return f'<details class="pasted"><summary>Pasted brief, {count}</summary>{text}</details>'


def _words(text: str) -> str:
    """Text as HTML; a very long one is cut."""
    cut = f"{text[:_LONGEST_SHOWN]}…" if len(text) > _LONGEST_SHOWN else text
    return escape(cut).replace("\n", "<br>")


def coming_html(names: Sequence[str]) -> str:
    """Photos that are on their way, by name."""
    return f'<p class="coming">{escape(", ".join(names))}</p>' if names else ""


def writing_message(number: int, writing: Writing) -> Message:
    """Answer `number` of the conversation while it is written; its markers lead nowhere yet."""
    body = answer_html(writing.markdown, answer=number, markers=(), urls=())
    step = f'<p class="step">{escape(writing.step)}</p>' if writing.step else ""
    if writing.fraction is not None:
        step += _bar(writing.fraction)
    return _said(f"{body}{step}", "answer writing")


def error_message(line: str, details: str = "") -> Message:
    """What went wrong and what to do, in one line; `details` unfold."""
    more = f"<details><summary>Details</summary><p>{escape(details)}</p></details>" if details else ""
    return _said(f'<p class="problem">{escape(_sentence(line))}</p>{more}', "problem-answer")


def cut_off_message(question: str) -> Message:
    """In the place of an answer that was stopped, or whose server was; `question` is what its button asks again."""
    again = f'<button type="button" class="say" data-say="{escape(question.strip())}">Ask again</button>'
    return _said(f'<p class="step">{_CUT_OFF}</p><div class="acts">{again}</div>', "cut-off")


def _bar(fraction: float) -> str:
    percent = round(100 * fraction)
    return f'<p class="bar"><progress max="100" value="{percent}">{percent} %</progress></p>'


def _answer_message(
    thread: str, number: int, exchange: Exchange, liked: bool | None, *, offers: bool = False
) -> Message:
    """An answer with what belongs to it; offers: to keep the sources of the brief that was pasted."""
    if exchange.answer is None:
        return cut_off_message(_SHARPEN if exchange.wordless else exchange.pasted or exchange.question)
    answer = exchange.answer
    urls = [url for source in exchange.sources.values() for url in source.urls]
    markers = {citation.marker for citation in answer.citations}
    body = answer_html(answer.answer, answer=number, markers=markers, urls=urls)
    more = (
        _offers(offered_questions(answer, exchange.sources)),
        results_html(thread, exchange.results),
        _removed(answer.removed),
        _to_sources(answer),
        _acts(number, liked),
        _KEEP if offers else "",
    )
    return _said(f"{body}{''.join(more)}", f"answer {answer.mode}")


def _offers(questions: Sequence[str]) -> str:
    """Questions beside a refusal that can be answered; a click asks one."""
    if not questions:
        return ""
    buttons = "".join(f'<button type="button" class="offer">{escape(question)}</button>' for question in questions)
    return f'<p class="offered">You could ask:</p><div class="offers">{buttons}</div>'


def _acts(number: int, liked: bool | None) -> str:
    """What can be done with an answer; the page's script does it."""
    names = {"copy": "Copy", "like": "Helpful", "dislike": "Not helpful", "retry": "Try again", "edit": "Edit question"}
    given = "" if liked is None else "like" if liked else "dislike"
    buttons = "".join(
        f'<button type="button" class="act{" given" if name == given else ""}" title="{title}">{title}</button>'
        for name, title in names.items()
    )
    return f'<div class="acts" id="acts-{number}">{buttons}</div>'


def _to_sources(answer: Answer) -> str:
    """The way to the sources where their panel isn't beside the answer."""
    count = len({citation.source_id for citation in answer.citations})
    if not count:
        return ""
    return f'<p class="to-sources"><a class="open-sources" href="#sources">{_counted(count, "source")} cited</a></p>'


def _removed(removed: Sequence[Removed]) -> str:
    if not removed:
        return ""
    items = "".join(f"<li>{escape(one.text)} <em>({escape(one.reason)})</em></li>" for one in removed)
    return (
        f'<details class="removed"><summary>Removed by the check ({len(removed)})</summary>'
        f"<p>The draft of this answer also said this; the sources don't bear it out.</p><ul>{items}</ul></details>"
    )


def _said(html: str, kind: str) -> Message:
    return _message("assistant", f'<div class="said {kind}" tabindex="-1"><h2 class="who">Unblur</h2>{html}</div>')


def _message(role: str, html: str) -> Message:
    return {"role": role, "content": as_html_block(html)}


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _sentence(line: str) -> str:
    text = " ".join(line.split())
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
