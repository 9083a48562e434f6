"""What the page's panel of sources can do: choose what a conversation may use, add briefs, remove them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from bot.briefs import LARGEST, Given
from bot.errors import UserError
from bot.held_to import HeldTo, chosen
from bot.page.chat import Chat
from bot.page.sources_html import (
    added_html,
    brief_label,
    failed_html,
    line_html,
    note_html,
    reading_html,
    removed_html,
    shortened,
    sure_html,
)
from bot.pasted import pasted_in, read_pasted
from bot.sharing.people import owner_of_request
from bot.sharing.setup import Sharing
from store.errors import StoreError
from store.model import Scope

Updates = dict[Component, Any]

_ALL, _SOME, _PASTED, _BRIEF = (
    "all",
    "some",
    "pasted",
    "brief:",
)  # values of the choice; a brief's is followed by its name
_MOST_PICKED_FROM = 300  # sources that are listed to be chosen one by one
_SEARCHED = 30  # sources from which on those to choose from can be found by words of their titles
_FILTERED = 12  # briefs in a list from which on it can be typed into
_SHARED = "Everybody who uses this page will see what you add."
_FORM = "Model: NAME\nPaper: https://…\nGitHub: https://…\nSummary: …"


class SourcesDesk:
    """The components of the panel that change something, and what their events do."""

    def __init__(self, chat: Chat, sharing: Sharing) -> None:
        self.chat = chat
        self.sharing = sharing
        self.may_change = not chat.bot.settings.read_only

    # -- where things stand

    def lay_out_line(self) -> None:
        """The line below the input."""
        self.line = gr.HTML(elem_id="uses")

    def lay_out_scope(self) -> None:
        """The choice of what the conversation may use."""
        with gr.Column(elem_id="scope"):
            self.choice = gr.Dropdown(
                [("All sources", _ALL)],
                value=_ALL,
                label="This conversation uses",
                filterable=False,
                elem_id="scope-choice",
            )
            self.find = gr.Textbox(label="Find a source by its title", max_lines=1, visible=False, elem_id="scope-find")
            self.picked = gr.CheckboxGroup([], label="Chosen sources", elem_id="scope-sources", visible=False)
            self.note = gr.HTML(elem_id="scope-note")
            self.keep_pasted = gr.Button("Keep these sources", visible=False, elem_id="keep-pasted", size="sm")
            self.kept = gr.HTML(elem_id="kept", elem_classes="reports")

    def lay_out_briefs(self) -> None:
        """The place to add briefs and to remove them; not there at all where nothing may be changed."""
        if not self.may_change:
            return
        with gr.Accordion("Add or remove briefs", open=False, elem_id="briefs"):
            gr.HTML(note_html(f"Text, Markdown or JSON Lines, up to {LARGEST // 1_000_000} MB. {_SHARED}"))
            self.files = gr.UploadButton("Choose files to add", file_count="multiple", elem_id="brief-files", size="sm")
            self.text = gr.Textbox(
                label="Or paste a brief",
                placeholder=_FORM,
                lines=4,
                max_lines=10,
                elem_id="brief-text",
            )
            self.add = gr.Button("Add the pasted brief", elem_id="brief-add", size="sm")
            self.report = gr.HTML(elem_id="brief-report", elem_classes="reports")
            self.brief = gr.Dropdown(
                [],
                value=None,
                label="Or remove a brief",
                filterable=False,
                elem_id="brief-choice",
            )
            self.remove = gr.Button("Remove it…", elem_id="brief-remove", size="sm")
            self.removal = gr.HTML(elem_id="brief-removal", elem_classes="reports")
            with gr.Row(visible=False, elem_id="brief-sure") as self.sure:
                self.really = gr.Button("Remove for everybody", elem_id="brief-really", size="sm")
                self.keep = gr.Button("Keep it", elem_id="brief-keep", size="sm")

    @property
    def parts(self) -> list[Component]:
        """What shows what is held and used, and so changes with either."""
        return [
            self.line,
            self.choice,
            self.find,
            self.picked,
            self.note,
            self.keep_pasted,
            *([self.brief] if self.may_change else []),
        ]

    def connect(
        self,
        thread: Component,
        asking: Component,
        shelf: Callable[[HeldTo], Updates],
        shown: Sequence[Component],
        quiet: dict[str, Any],
    ) -> None:
        """Start what the components start. shelf: everything that shows what is held, as it is now; shown: where."""
        self.thread = thread
        self.shelf = shelf
        outputs = [thread, *shown]
        thread.change(self._turn_to, [thread], [self.kept, *shown], **quiet)  # type: ignore[attr-defined]
        raw: dict[str, Any] = {
            "preprocess": False,
            **quiet,
        }  # a list may have changed since: what is chosen is looked at
        self.choice.input(self._choose, [self.choice, thread], outputs, **raw)
        searched: dict[str, Any] = {"trigger_mode": "always_last", **raw}
        self.picked.input(self._pick, [self.picked, self.find, thread], outputs, **searched)
        # not "input", which Gradio doesn't send for the first letter after an update
        self.find.change(self._find, [self.find, self.choice, thread], [self.picked, self.note], **searched)
        asking.change(self._after_answer, [asking, thread], self.parts, **quiet)  # type: ignore[attr-defined]
        if not self.may_change:
            return
        told = [self.report, self.text, self.files, *shown]
        asked = [self.removal, self.sure]
        one_by_one: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "briefs", **quiet}
        self.keep_pasted.click(self._keep, [thread], [self.kept, *shown], **one_by_one)
        self.files.upload(self._upload, [self.files, thread], told, **one_by_one)
        self.add.click(self._paste, [self.text, thread], told, **one_by_one)
        self.remove.click(self._ask_to_remove, [self.brief], asked, **raw)
        self.keep.click(lambda: ("", gr.update(visible=False)), None, asked, **quiet)
        self.really.click(
            self._remove, [self.brief, thread], [self.report, *asked, *shown], preprocess=False, **one_by_one
        )

    # -- what is shown

    def held_by(self, thread: str | None, request: gr.Request) -> HeldTo:
        """What a conversation is held to, if whoever asks may read it."""
        own = self.sharing.thread_to_read(thread, owner_of_request(request))
        return self.chat.bot.held_to(own) if own else HeldTo()

    def updates(self, held: HeldTo, *, some: bool = False, words: str = "") -> Updates:
        """The choice as it stands; some: sources are about to be chosen one by one, those with some words in their titles."""
        store = self.chat.bot.store
        briefs, gone = store.briefs(), held.gone(store) if held else []
        choices = [("All sources", _ALL), *[(brief_label(one), f"{_BRIEF}{one.name}") for one in briefs]]
        if held.brief is not None and gone:
            choices.append((f"{shortened(held.brief, 40)} (no longer held)", f"{_BRIEF}{held.brief}"))
        if held.pasted:
            choices.insert(0, ("The pasted brief", _PASTED))
        count = store.count()
        if count:
            choices.append(("Chosen sources…", _SOME))
        some = some or bool(held.sources)
        picking, note = self._offered(held, words) if some else ({}, held.missing_line(store) if held else "")
        value = f"{_BRIEF}{held.brief}" if held.brief is not None else _SOME if some else _ALL
        value = _PASTED if held.pasted and not some else value
        parts: Updates = {
            self.line: line_html(held, gone, count),
            self.choice: gr.update(choices=choices, value=value, filterable=len(choices) > _FILTERED),
            self.find: gr.update(visible=some and count >= _SEARCHED, **({} if words else {"value": ""})),
            self.picked: gr.update(visible=some, **picking),
            self.note: note_html(note),
            self.keep_pasted: gr.update(visible=self.may_change and self._can_keep(held)),
        }
        if self.may_change:
            names = [(brief_label(one), one.name) for one in briefs]
            parts[self.brief] = gr.update(choices=names, value=None, filterable=len(names) > _FILTERED)
        return parts

    def _offered(self, held: HeldTo, words: str) -> tuple[dict[str, Any], str]:
        """The sources to choose from, those that are chosen among them, and a line on what is not to be seen."""
        sources = self.chat.bot.store.sources()
        wanted = words.casefold().split()
        found = [one.source_id for one in sources if all(word in one.title.casefold() for word in wanted)]
        picked = [one.source_id for one in sources if one.source_id in held.sources]
        others = [source_id for source_id in found if source_id not in held.sources]
        listed = {*picked, *others[: max(_MOST_PICKED_FROM - len(picked), 0)]}
        notes = [held.missing_line(self.chat.bot.store) if held else "Choose at least one; until then all are used."]
        if wanted and not found:
            notes.append("No source has these words in its title.")
        elif not listed.issuperset(found):
            notes.append(f"{len(listed)} of {len(found):,} sources are listed: find others by words of their titles.")
        choices = [(one.title, one.source_id) for one in sources if one.source_id in listed]
        return {"choices": choices, "value": picked}, " ".join(filter(None, notes))

    def _can_keep(self, held: HeldTo) -> bool:
        """Whether a pasted brief answers that the store does not hold."""
        pasted = read_pasted(held.pasted) if held.pasted else None
        return pasted is not None and self.chat.bot.store.twin(pasted.brief) is None

    def _after_answer(self, asking: str, thread: str, request: gr.Request) -> Any:
        """A brief that was pasted is what the conversation uses from then on."""
        held = self.held_by(thread, request)
        return gr.skip() if asking or not held.pasted else self.updates(held)

    def _turn_to(self, thread: str, request: gr.Request) -> Updates:
        if not self.chat.ready.done():
            return {self.note: ""}  # the first sources are still read, and then shown
        return {self.kept: "", **self.shelf(self.held_by(thread, request))}

    # -- what is used

    def _choose(self, choice: Any, thread: Any, request: gr.Request) -> Updates:
        choice, thread = _text(choice), _text(thread)
        own = self.sharing.thread_to_write(thread, owner_of_request(request))
        store, before = self.chat.bot.store, self.chat.bot.held_to(own)
        held = HeldTo()
        try:
            if choice.startswith(_BRIEF):
                held = chosen(store, choice.removeprefix(_BRIEF))
            elif choice == _SOME and before.brief is not None:  # begin with what the brief has
                held = chosen(store, source_ids=[one.source_id for one in store.sources(before.scope)])
            elif choice in (_SOME, _PASTED):
                held = before
        except UserError as error:  # removed meanwhile
            return {self.thread: own, **self.shelf(before), self.note: note_html(_sentence(error))}
        self.chat.bot.hold(own, held)
        return {self.thread: own, **self.shelf(held), **self.updates(held, some=choice == _SOME)}

    def _find(self, words: Any, choice: Any, thread: Any, request: gr.Request) -> Any:
        if choice != _SOME:
            return gr.skip()
        picking, note = self._offered(self.held_by(_text(thread), request), _text(words))
        return {self.picked: gr.update(**picking), self.note: note_html(note)}

    def _pick(self, picked: Any, words: Any, thread: Any, request: gr.Request) -> Updates:
        picked, thread = [_text(one) for one in picked] if isinstance(picked, list) else [], _text(thread)
        own = self.sharing.thread_to_write(thread or "", owner_of_request(request))
        store = self.chat.bot.store
        still = store.sources(Scope(source_ids=frozenset(picked))) if picked else []
        held = HeldTo(sources={one.source_id: one.title for one in still})
        self.chat.bot.hold(own, held)
        return {self.thread: own, **self.shelf(held), **self.updates(held, some=True, words=_text(words))}

    # -- what is held

    def _upload(self, files: list[str] | None, thread: str, request: gr.Request) -> Iterator[Updates]:
        paths = [Path(file) for file in files or []]
        yield {self.report: reading_html(), self.files: None}
        try:
            yield self._added([Given(path.read_bytes(), path.name) for path in paths], thread, request)
        except OSError:
            yield {self.report: failed_html("the upload is no longer there: choose the files again")}
        finally:
            for path in paths:
                path.unlink(missing_ok=True)  # what is held stands in the store

    def _paste(self, text: str, thread: str, request: gr.Request) -> Iterator[Updates]:
        yield {self.report: reading_html()}
        yield self._added([Given((text or "").encode("utf-8", "replace"))], thread, request)

    def _keep(self, thread: str, request: gr.Request) -> Iterator[Updates]:
        """Put the brief that was pasted into the conversation among the sources, which it then goes on with."""
        yield {self.kept: reading_html()}
        own = self.sharing.thread_to_read(thread, owner_of_request(request))
        text = pasted_in(self.chat.bot.history(own)) if own else None
        try:
            if not own or not text:
                raise UserError("there is no pasted brief in this conversation: paste one first")
            added = self.chat.bot.briefs.add([Given(text.encode("utf-8", "replace"))], owner_of_request(request))
        except (UserError, StoreError) as error:
            yield {self.kept: failed_html(str(error))}
            return
        for name in (*added.briefs, *added.already)[:1]:
            self.chat.bot.hold(own, HeldTo(brief=name))
        yield {self.kept: added_html(added), **self.shelf(self.chat.bot.held_to(own))}

    def _added(self, given: list[Given], thread: str, request: gr.Request) -> Updates:
        try:
            added = self.chat.bot.briefs.add(given, owner_of_request(request))
        except (UserError, StoreError) as error:
            return {self.report: failed_html(str(error))}
        emptied: Updates = {self.text: ""} if not added.troubles and any(one.file is None for one in given) else {}
        return {self.report: added_html(added), **emptied, **self.shelf(self.held_by(thread, request))}

    def _ask_to_remove(self, name: Any) -> Updates:
        if not name:
            return {self.removal: failed_html("choose a brief first"), self.sure: gr.update(visible=False)}
        try:
            would = self.chat.bot.briefs.would_remove(_text(name))
        except UserError as error:
            return {self.removal: failed_html(str(error)), self.sure: gr.update(visible=False)}
        return {self.removal: sure_html(would), self.sure: gr.update(visible=True)}

    def _remove(self, name: Any, thread: Any, request: gr.Request) -> Updates:
        try:
            report = removed_html(self.chat.bot.briefs.remove(_text(name)))
        except (UserError, StoreError) as error:
            report = failed_html(str(error))
        shelf = self.shelf(self.held_by(_text(thread), request))
        return {self.report: "", self.removal: report, self.sure: gr.update(visible=False), **shelf}


def _text(value: Any) -> str:
    """What a page sent, where it is text."""
    return value if isinstance(value, str) else ""


def _sentence(error: UserError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
