"""Ask a question, get a grounded answer: what every face of Unblur goes through."""

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage

from bot.agent import EMBEDDED, build_agent, chat_model
from bot.answer import Answer
from bot.briefs import Briefs
from bot.conversations import Conversations
from bot.embedded.model import EmbeddedChatModel
from bot.embedded.turn import BRIEF, SUPPLIED
from bot.errors import UserError
from bot.exchanges import Exchange as Exchange
from bot.exchanges import answer_of, checked, exchange_of, exchanges_of, restoration_of, sources_in
from bot.held_to import HELD, OUTSIDE, HeldTo, outside
from bot.llm.sketch import Sketch
from bot.memory import forget, keep_latest, open_memory
from bot.pasted import NAME as PASTED_BRIEF
from bot.pasted import PASTED, PastedStores, read_pasted
from bot.photos.album import Picture, Upload, clean_name
from bot.photos.darkroom import Darkroom
from bot.photos.tools import (
    PHOTOS,
    REFUSED,
    WORDLESS,
)
from bot.photos.turn import HANDLING, Handling, TurnPhotos
from bot.render import section_texts
from bot.settings import Settings
from bot.steps import Step as Step
from bot.steps import progress, steps
from bot.tools import TurnContext
from restore.errors import PhotoError
from store.model import Scope
from store.store import Store

WORDLESS_QUESTION = "Please make this photo sharp."  # what photos without a word are taken to ask


@dataclass(frozen=True)
class Request:
    """A question with what it is held to."""

    question: str
    thread: str | None = None  # the conversation that it continues; None for one of its own
    brief: str | None = None  # the name of the brief whose sources alone may be used
    held_to: HeldTo | None = None  # what else it is held to; None for what its conversation is held to
    store: Store | None = None  # where that brief's sources are, when they are not in the bot's own store
    supplied: bool = False  # the question is the brief's own
    photos: tuple[Upload, ...] = ()  # that come with the question, which may then be empty
    handling: Handling | None = None  # how these are to be restored, beside what the question says
    rehearsed: bool = False  # an earlier question of a conversation that is built again: the embedded model will do
    stop: threading.Event = field(default_factory=threading.Event)  # set when the answer is no longer wanted


@dataclass(frozen=True)
class Piece:
    """The next checked piece of an answer, as Markdown."""

    markdown: str


class Bot:
    """The agent over a store; one object serves many threads of conversation at once."""

    def __init__(self, store: Store, settings: Settings, *, keep_threads: bool = True) -> None:
        """Raises UserError when the settings name a model that is not at hand."""
        self.store = store
        self.settings = settings
        self.briefs = Briefs(store, settings)
        model = chat_model(settings)
        self.darkroom = Darkroom(settings)
        self.conversations = Conversations(settings.conversations_file if keep_threads else None)
        self._memory = open_memory(settings.threads_file if keep_threads else None)
        self._agent = build_agent(model, self._memory)
        self._pasted = PastedStores(settings, store.embedder)
        quick = settings.model != EMBEDDED
        self._rehearsing = build_agent(EmbeddedChatModel(), self._memory) if quick else self._agent

    def ask(self, request: Request) -> Answer:
        """Answer a question; raises UserError when it cannot be one."""
        for event in self.stream(request):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a turn ends with its answer")

    def stream(self, request: Request) -> Iterator[Step | Sketch | Piece | Answer]:
        """Answer a question, telling the steps, then the checked answer piece by piece, then the whole.

        While a language model writes, its checked sentences come as sketches, each in place of the one before.
        """
        with contextlib.ExitStack() as opened:
            yield from self._stream(request, opened)

    def _stream(self, request: Request, opened: contextlib.ExitStack) -> Iterator[Step | Sketch | Piece | Answer]:
        """The same; what a turn needs no longer is released by `opened`."""
        began = time.monotonic()
        wordless = bool(request.photos) and not request.question.strip()
        request, pasted = self._held_to_pasted(request, opened)
        question = WORDLESS_QUESTION if wordless else request.question
        question = check_question(question, self.settings.max_question_characters)
        held = self._held(request)
        request = self._recognised(request, question, held)
        store = request.store or self.store
        thread = request.thread or f"once-{uuid.uuid4().hex}"
        photos = TurnPhotos(self.darkroom.album(thread), self.darkroom, request.stop)
        if request.photos:
            yield Step("Looking at the photo…" if len(request.photos) == 1 else "Looking at the photos…")
        about = {
            BRIEF: request.brief,
            SUPPLIED: request.supplied,
            WORDLESS: wordless,
            PASTED: pasted,
            HANDLING: asdict(request.handling) if request.handling else None,
            **self._taken_in(request, photos),
            **self._bounds(request, held, store),
        }
        context = TurnContext(store, self._scope(request, held), photos)
        message = HumanMessage(question, additional_kwargs=about)
        config = {"configurable": {"thread_id": thread}}
        messages: list[AnyMessage] = []
        searchable = _searchable(context)
        if request.thread is not None and self.conversations.get(thread) is None:
            begun = exchange_of([message], [], thread, photos.album)
            self.conversations.note(thread, [begun])  # listed at once, lest a server that is killed now lose its line
        try:
            agent = self._rehearsing if request.rehearsed else self._agent
            for kind, update in agent.stream(
                {"messages": [message]}, config, context=context, stream_mode=["updates", "custom"]
            ):
                if kind == "custom":
                    yield from progress(update)
                    continue
                new = [one for part in update.values() for one in (part or {}).get("messages", [])]
                messages += new
                yield from steps(new, searchable)
        finally:
            if request.thread is None:
                self._memory.delete_thread(thread)
            else:
                keep_latest(self._memory, thread)
                self.conversations.note(thread, self.exchanges(thread))
        yield from self._finish(request, question, [message, *messages], began, thread)

    def _taken_in(self, request: Request, photos: TurnPhotos) -> dict[str, Any]:
        """Keep the photos that came with a question; raises UserError when none of them is one."""
        pictures: list[Picture] = []
        refused: list[str] = []
        for upload in request.photos:
            try:
                pictures.append(self.darkroom.take_in(photos.album, upload))
            except PhotoError as error:
                name = clean_name(upload.name)
                refused.append(f"{name}: {str(error).removeprefix('cannot read the photo: ')}")
        if refused and not pictures:
            raise UserError(f"cannot read {'; '.join(refused)}")
        return {PHOTOS: [asdict(picture) for picture in pictures], REFUSED: refused}

    def forget(self, thread: str) -> None:
        """Delete a conversation for good: its words, its photos and its line in the list."""
        forget(self._memory, thread)
        self.darkroom.album(thread).delete()
        self.conversations.forget(thread)

    def history(self, thread: str) -> list[AnyMessage]:
        """The messages of a conversation, oldest first."""
        state = self._agent.get_state({"configurable": {"thread_id": thread}})
        return list(state.values.get("messages", []))

    def hold(self, thread: str, held: HeldTo) -> None:
        """Hold a conversation to some of the sources from now on; to none in particular by `HeldTo()`."""
        self.conversations.hold(thread, held)

    def held_to(self, thread: str) -> HeldTo:
        """What a conversation is held to."""
        return self.conversations.held_to(thread)

    def _held(self, request: Request) -> HeldTo:
        """What a question is held to beside its brief; raises UserError when none of that is left."""
        if request.brief is not None and request.store is not None:
            return HeldTo()
        held = request.held_to or (self.held_to(request.thread) if request.thread else HeldTo())
        held.check(self.store)
        return held

    def _held_to_pasted(self, request: Request, opened: contextlib.ExitStack) -> tuple[Request, str | None]:
        """The request held to the brief that it pastes, or that its conversation pasted; and the text that it pastes.

        Raises UserError when a pasted brief cannot be read.
        """
        if request.brief is not None or request.store is not None:
            return request, None
        pasted = read_pasted(request.question)
        if pasted is not None:
            store = opened.enter_context(self._pasted.store(pasted))
            request = replace(
                request, question=pasted.question, store=store, brief=PASTED_BRIEF, supplied=pasted.own_question
            )
            if request.thread:
                self.hold(request.thread, HeldTo(pasted=pasted.text))
            return request, pasted.text
        earlier = self.held_to(request.thread).pasted if request.thread and not request.held_to else ""
        before = read_pasted(earlier) if earlier and not self.store.brief_asking(request.question) else None
        if before is None:
            return request, None
        return replace(request, store=opened.enter_context(self._pasted.store(before))), None

    def _recognised(self, request: Request, question: str, held: HeldTo) -> Request:
        """A question that is word for word a stored brief's own is that brief's question, where it may use its sources."""
        if request.brief is not None or request.store is not None:
            return request
        name = self.store.brief_asking(question)
        if name is None or (held and not self.store.sources(held.within(name))):
            return request
        return replace(request, brief=name, supplied=True)

    def exchanges(self, thread: str) -> list[Exchange]:
        """The questions of a conversation with their answers, oldest first; each answer as it was given (in 0 seconds)."""
        return exchanges_of(self.history(thread), thread, self.darkroom.album(thread))

    def _scope(self, request: Request, held: HeldTo) -> Scope | None:
        return held.within(request.brief) if request.store is None else None

    def _bounds(self, request: Request, held: HeldTo, store: Store) -> dict[str, Any]:
        """What a turn has to know of being held: that it is, and what was spoken of before and is no longer allowed."""
        if not held:
            return {}
        earlier = sources_in(self.history(request.thread)) if request.thread else {}
        return {HELD: True, OUTSIDE: outside(earlier.values(), store, held.scope)}

    def _finish(
        self, request: Request, question: str, messages: Sequence[AnyMessage], began: float, thread: str
    ) -> Iterator[Step | Piece | Answer]:
        sources = sources_in(messages)
        draft, removed = checked(messages, sources)
        for text in section_texts(draft, sources):
            yield Piece(text)
        yield answer_of(
            question,
            messages,
            draft,
            removed,
            brief=request.brief,
            thread=request.thread,
            seconds=round(time.monotonic() - began, 3),
            restoration=restoration_of(draft, messages, self.darkroom.album(thread)),
        )


def _searchable(context: TurnContext) -> int:
    """How many sources a turn may look at."""
    return context.store.count() if context.scope is None else len(context.store.sources(context.scope))


def check_question(question: str, longest: int) -> str:
    """The question without outer white space; raises UserError when it is empty or longer than `longest` characters."""
    stripped = question.strip()
    if not stripped:
        raise UserError("the question is empty: write what you would like to know")
    if len(stripped) > longest:
        raise UserError(
            f"the question has {len(stripped):,} characters, and at most {longest:,} are read: shorten it "
            "(UNBLUR_MAX_QUESTION_CHARACTERS sets the limit)"
        )
    return stripped.encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")
