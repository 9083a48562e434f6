"""The chat behind the page, without a browser."""

from collections.abc import Callable
from concurrent.futures import Future

import pytest

from bot.answer import Removed
from bot.errors import UserError
from bot.page.chat import Chat, View
from bot.page.conversation import Writing, error_message, messages, writing_message
from bot.page.panel import cited_html, held_html
from bot.service import Bot, Exchange
from store.model import Source


@pytest.fixture
def chat(bot: Bot) -> Chat:
    ready: Future[None] = Future()
    ready.set_result(None)
    return Chat(bot, ready)


@pytest.fixture
def talk(chat: Chat) -> Callable[[str, str], list[View]]:
    def talk(question: str, thread: str) -> list[View]:
        return list(chat.ask(question, thread))

    return talk


def test_an_answer_grows_and_ends_as_it_is_remembered(chat: Chat, talk):
    thread = chat.new().thread
    views = talk("tell me about CausalSR", thread)
    assert [view.asking for view in views] == ["tell me about CausalSR"] * (len(views) - 1) + [""]
    assert len(views) >= 4
    assert views[-1] == chat.come_back(thread)


def test_conversations_have_ids_that_nobody_guesses(chat: Chat):
    ids = {chat.new().thread for _ in range(100)}
    assert len(ids) == 100
    assert all(len(one) == 32 for one in ids)


def test_a_thread_that_is_none_of_ours_is_not_written_to(chat: Chat, talk):
    views = talk("tell me about CausalSR", "holiday")
    assert views[-1].thread != "holiday"
    assert chat.bot.history("holiday") == []


def test_a_blank_question_changes_nothing(talk):
    assert talk("  \n", "0" * 32) == []


def test_a_question_that_cannot_be_answered_comes_back_with_a_line(chat: Chat, talk):
    view = talk("x" * 30_000, chat.new().thread)[-1]
    assert view.draft == "x" * 30_000
    assert "shorten it" in view.messages[-1]["content"]
    assert len(view.messages[0]["content"]) < 3_000


def test_an_error_while_getting_ready_is_told(bot: Bot):
    ready: Future[None] = Future()
    ready.set_exception(UserError("the model is gone: install it again"))
    view = list(Chat(bot, ready).ask("hi", "0" * 32))[-1]
    assert "The model is gone: install it again." in view.messages[-1]["content"]


def test_a_stopped_question_is_still_shown(chat: Chat):
    view = chat.stopped(chat.new().thread, "How does it work?")
    assert "How does it work?" in view.messages[0]["content"]
    assert "stopped before it was complete" in view.messages[1]["content"]


def test_the_panel_marks_quotes_in_the_text_of_their_source(chat: Chat, talk):
    cited = talk("tell me about CausalSR", chat.new().thread)[-1].cited
    assert cited and '<mark data-quotes="' in cited
    assert 'data-answer="1"' in cited


def test_what_the_check_removed_can_be_unfolded(bot: Bot, ask):
    answer = ask("tell me about CausalSR").model_copy(
        update={"removed": (Removed(text="<b>lie</b>", reason="no quote"),)}
    )
    shown = messages("0" * 32, [Exchange(answer.question, answer, {})])[-1]["content"]
    assert "Removed by the check (1)" in shown
    assert "&lt;b&gt;lie&lt;/b&gt;" in shown


def test_words_of_sources_and_users_are_escaped(source: Source):
    evil = "<img src=x onerror=alert(1)>"
    hostile = Source("evil", evil, source.kind, f'https://x.example/"{evil}', None, (evil,), f"{evil}\n\n{evil}")
    assert "<img" not in held_html([hostile])
    assert "<img" not in messages("0" * 32, [Exchange(evil, None, {})])[0]["content"]
    assert "<img" not in error_message(evil)["content"]
    assert "<img" not in writing_message(1, Writing(evil, evil))["content"]
    assert "<img" not in cited_html(evil, [Exchange(evil, None, {})])
