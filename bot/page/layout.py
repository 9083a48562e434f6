"""The page in Gradio: where things stand, and what each of them starts."""

import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from anyio import to_thread
from gradio.components import Component

from bot.api.desk import Desk
from bot.api.endpoints import add_endpoints
from bot.held_to import HeldTo
from bot.page.chat import Chat, View
from bot.page.conversation import REMARK_FORM
from bot.page.conversation_list import export_html, list_html
from bot.page.first_screen import MOST_QUESTIONS, header_html, names_html, supplied_questions, welcome_html
from bot.page.panel import PANEL_HEAD, held_html
from bot.page.photos import CAMERA
from bot.page.sample import sample_copy
from bot.page.sources import SourcesDesk
from bot.sharing.people import owner_of_request
from bot.sharing.setup import Sharing
from ingest.pipeline import bundled_briefs
from restore.photo import FORMATS
from store.model import Brief, BriefRecord

_STYLES = (
    "page.css",
    "ask.css",
    "first_screen.css",
    "conversation.css",
    "acts.css",
    "sources.css",
    "briefs.css",
    "photos.css",
    "conversations.css",
)
STYLES = [Path(__file__).parent / "style" / name for name in _STYLES]
SCRIPTS = [Path(__file__).with_name(name) for name in ("page.js", "acts.js")]  # read as one, in this order

_AT_ONCE = 32  # answers that are written at the same time; restorations wait for each other, answers don't
_WAITING = 64  # questions that may wait
_LOOK_EVERY_S = 0.02  # between Gradio's looks for new events; its own 1,000 a second keep a laptop busy for nothing
_FIRST_READ_S = 120  # how long a page waits for the first sources

Updates = dict[Component, Any]


def theme() -> gr.themes.Base:
    """Gradio's plain theme with the system's own fonts, so that nothing is fetched from elsewhere."""
    fonts = [gr.themes.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "Menlo", "Consolas", "monospace")]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=mono)


def build(chat: Chat, sharing: Sharing, desk: Desk) -> gr.Blocks:
    """The page over `chat`, on which everybody sees their own conversations alone; programs are served by `desk`."""
    blocks: gr.Blocks = _Page(chat, sharing, desk).blocks
    return blocks


class _Page:
    """The components of the page, and what their events do."""

    def __init__(self, chat: Chat, sharing: Sharing, desk: Desk) -> None:
        self.chat = chat
        self.sharing = sharing
        self.desk = SourcesDesk(chat, sharing)
        with gr.Blocks(title="Unblur", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as blocks:
            self._lay_out()
            self._connect(blocks)
            add_endpoints(desk, concurrency_limit=_AT_ONCE, concurrency_id="answers")
        blocks.queue(max_size=_WAITING, default_concurrency_limit=_AT_ONCE, api_open=False)
        blocks._queue.sleep_when_free = _LOOK_EVERY_S
        self.blocks = blocks

    def _lay_out(self) -> None:
        with gr.Row(elem_id="top"):
            self.header = gr.HTML(header_html(None), elem_id="header")
            if self.sharing.accounts is not None:
                gr.HTML('<a href="account">Account</a>', elem_id="account")
            self.new = gr.Button("New conversation", elem_id="new", scale=0, size="sm")
        with gr.Sidebar(open=False, elem_id="conversations", label="Conversations"):
            self.search = gr.Textbox(label="Search conversations", elem_id="search", max_lines=1)
            self.list = gr.HTML(elem_id="list")
            with gr.Column(visible=False, elem_id="this-one") as self.this_one:
                self.name = gr.Textbox(
                    label="Name of this conversation", max_lines=1, elem_id="name", submit_btn="Rename"
                )
                self.export = gr.HTML(elem_id="export")
                self.delete = gr.Button("Delete this conversation", elem_id="delete", size="sm")
                with gr.Row(visible=False, elem_id="sure") as self.sure:
                    self.really = gr.Button("Delete for good, with its photos", elem_id="really", size="sm")
                    self.keep = gr.Button("Keep it", elem_id="keep", size="sm")
        with gr.Row(elem_id="workspace"):
            with gr.Column(elem_id="middle"):
                with gr.Column(elem_id="first"):
                    gr.HTML(welcome_html())
                    self.examples = [
                        gr.Button("", visible=False, elem_classes="example") for _ in range(MOST_QUESTIONS)
                    ]
                    self.sample = gr.Button("Try it on a sample photo", elem_id="sample", elem_classes="example")
                    self.names = gr.HTML(elem_id="names")
                self.conversation = gr.Chatbot(
                    label="Conversation",
                    show_label=False,
                    elem_id="conversation",
                    layout="panel",
                    height=None,
                    buttons=[],
                    feedback_options=None,
                    latex_delimiters=[],
                    line_breaks=False,
                    autoscroll=False,
                    allow_file_downloads=False,
                    group_consecutive_messages=False,
                )
                with gr.Column(elem_id="foot"):
                    with gr.Column(elem_id="asking"):
                        gr.HTML(CAMERA, elem_id="camera")
                        self.box = gr.MultimodalTextbox(
                            label="Ask about the sources",
                            placeholder="Ask a question",  # the page's script says more where there is room
                            elem_id="ask",
                            show_label=False,
                            lines=1,
                            max_lines=8,
                            sources=["upload"],
                            file_count="multiple",
                            file_types=["image", *sorted(FORMATS)],
                            max_plain_text_length=self.chat.bot.settings.max_question_characters * 50,
                            submit_btn="Ask",
                        )
                    self.desk.lay_out_line()
                gr.HTML(REMARK_FORM, elem_id="remark-template")
            with gr.Column(elem_id="sources"):
                gr.HTML(PANEL_HEAD, elem_id="sources-head")
                self.photos = gr.HTML(elem_id="photos")
                self.desk.lay_out_scope()
                self.desk.lay_out_briefs()
                self.cited = gr.HTML(elem_id="cited")
                self.held = gr.HTML(elem_id="held")
        self.thread = gr.Textbox(visible=False)
        self.asking = gr.State("")

    def _connect(self, blocks: gr.Blocks) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shown = [self.thread, self.conversation, self.cited, self.photos, self.asking, self.box]
        welcome = [self.header, self.held, self.names, *self.examples, *self.desk.parts]
        working: dict[str, Any] = {"concurrency_limit": _AT_ONCE, "concurrency_id": "answers", **quiet}
        asks: list[Any] = [self.box.submit(self._ask, [self.box, self.thread], shown, **working)]
        asks += [example.click(self._ask, [example, self.thread], shown, **working) for example in self.examples]
        asks.append(self.sample.click(self._try_sample, [self.thread], shown, **working))
        self.box.stop(self._stopped, [self.thread, self.asking], shown, cancels=asks, **quiet)
        self.new.click(self._new, None, shown, cancels=asks, **quiet)
        listed = [self.list, self.this_one, self.name, self.export, self.sure]
        whose = [self.thread, self.search]
        blocks.load(self._come_back, None, shown, **quiet).then(self._listed, whose, listed, **quiet)
        self.thread.change(self._listed, whose, listed, **quiet)
        self.asking.change(self._listed, whose, listed, **quiet)
        self.search.change(self._listed, whose, listed, trigger_mode="always_last", **quiet)
        self.name.submit(self._rename, [self.name, *whose], listed, **quiet)
        self.delete.click(lambda: gr.update(visible=True), None, self.sure, **quiet)
        self.keep.click(lambda: gr.update(visible=False), None, self.sure, **quiet)
        deleting = self.really.click(self._delete, [self.thread], shown, cancels=asks, **quiet)
        deleting.then(self._listed, whose, listed, **quiet)
        blocks.load(self._welcome, None, welcome, concurrency_limit=None, **quiet)
        self.desk.connect(self.thread, self.asking, self._shelf, welcome, quiet)

    async def _ask(self, asked: str | dict[str, Any], thread: str, request: gr.Request) -> AsyncIterator[Updates]:
        thread = self.sharing.thread_to_write(thread or "", owner_of_request(request))
        question, files = (asked, []) if isinstance(asked, str) else (asked.get("text") or "", asked.get("files") or [])
        async for updates in self._shown(self.chat.ask(question, thread, files)):
            yield updates

    async def _try_sample(self, thread: str, request: gr.Request) -> AsyncIterator[Updates]:
        thread = self.sharing.thread_to_write(thread or "", owner_of_request(request))
        with tempfile.TemporaryDirectory(prefix="unblur-sample-", ignore_cleanup_errors=True) as folder:
            async for updates in self._shown(self.chat.ask("", thread, [sample_copy(Path(folder))])):
                yield updates

    async def _shown(self, views: Iterator[View]) -> AsyncIterator[Updates]:
        said_nothing = True
        while (view := await to_thread.run_sync(next, views, None, abandon_on_cancel=True)) is not None:
            said_nothing = False
            yield self._updates(view)  # Stop leaves the running step behind rather than wait for it
        if said_nothing:
            yield {self.asking: ""}  # else Gradio empties everything that the event could have changed

    def _stopped(self, thread: str, asking: str, request: gr.Request) -> Updates:
        own = self.sharing.thread_to_read(thread, owner_of_request(request)) or ""
        return self._updates(self.chat.stopped(own, asking))

    def _new(self) -> Updates:
        return self._updates(self.chat.new())

    def _come_back(self, request: gr.Request) -> Updates:
        asked = request.query_params.get("thread")
        return self._updates(self.chat.come_back(self.sharing.thread_to_read(asked, owner_of_request(request))))

    def _listed(self, thread: str, search: str, request: gr.Request) -> Updates:
        """The list of one's own conversations, and what can be done with the open one."""
        conversations = self.chat.bot.conversations
        own = set(self.sharing.ownership.owned_by(owner_of_request(request)))
        this = conversations.get(thread) if thread in own else None
        return {
            self.list: list_html(conversations.listed(own, search), thread, searching=bool(search.strip())),
            self.this_one: gr.update(visible=this is not None),
            self.name: this.title if this else "",
            self.export: export_html(thread) if this else "",
            self.sure: gr.update(visible=False),
        }

    def _rename(self, title: str, thread: str, search: str, request: gr.Request) -> Updates:
        own = self.sharing.thread_to_read(thread, owner_of_request(request))
        if own and title.strip():
            self.chat.bot.conversations.rename(own, title)
        return self._listed(thread, search, request)

    def _delete(self, thread: str, request: gr.Request) -> Iterator[Updates]:
        own = self.sharing.thread_to_read(thread, owner_of_request(request))
        yield self._new()  # first, so that the page asks for no photo that is gone
        if own:
            self.chat.delete(own)
            self.sharing.ownership.release(own)

    def _updates(self, view: View) -> Updates:
        working = bool(view.asking)
        return {
            self.thread: view.thread,
            self.conversation: view.messages,
            self.asking: view.asking,
            self.box: gr.update(
                value={"text": view.draft, "files": [] if working else list(view.files)},
                submit_btn=False if working else "Ask",
                stop_btn=working and "Stop",
            ),
            **({} if view.cited is None else {self.cited: view.cited}),
            **({} if view.photos is None else {self.photos: view.photos}),
        }

    def _welcome(self, request: gr.Request) -> Iterator[Updates]:
        """What the store holds; while it is still filled, the questions that it will hold."""
        store = self.chat.bot.store
        if store.count() == 0 and not self.chat.ready.done():
            yield self._offered(bundled_briefs())
            self.chat.ready.exception(timeout=_FIRST_READ_S)
        yield self._shelf(self.desk.held_by(request.query_params.get("thread"), request))

    def _shelf(self, held: HeldTo) -> Updates:
        """What the store holds, and what of it a conversation may use."""
        store = self.chat.bot.store
        sources = store.sources(held.scope)
        ids = {source.source_id for source in sources}
        briefs = [one for one in store.briefs() if held.brief in (None, one.name) and ids & {*one.source_ids}]
        return {
            self.header: header_html(store.count()),
            self.held: held_html(sources),
            self.names: names_html(sources),
            **self._offered(briefs),
            **self.desk.updates(held),
        }

    def _offered(self, briefs: Sequence[Brief | BriefRecord]) -> Updates:
        """The buttons with the supplied questions."""
        questions = supplied_questions([brief.question for brief in briefs])
        padded = [*questions, *[""] * (MOST_QUESTIONS - len(questions))]
        return {
            button: gr.update(value=question, visible=bool(question))
            for button, question in zip(self.examples, padded, strict=True)
        }
