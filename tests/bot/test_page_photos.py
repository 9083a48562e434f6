"""Photos on the page without a browser: what is shown, what is served, and to whom it is not."""

from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from bot.page.chat import Chat, View
from bot.page.photos import panel_html
from bot.page.sample import sample_copy
from bot.page.server import create_app
from bot.service import Bot
from bot.settings import Settings
from store.store import Store


@pytest.fixture(scope="module")
def page_bot(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Bot:
    return Bot(store, Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def client(page_bot: Bot) -> TestClient:
    return TestClient(create_app(page_bot, page_bot.settings))


@pytest.fixture(scope="module")
def views(page_bot: Bot, tmp_path_factory: pytest.TempPathFactory) -> list[View]:
    """What the page showed while a photo was restored."""
    from bot.page.server import _done

    chat = Chat(page_bot, _done())
    return list(chat.ask("", chat.new().thread, [sample_copy(tmp_path_factory.mktemp("sample"))]))


def test_the_conversation_shows_the_photo_its_progress_and_what_was_made(views: list[View]):
    assert 'class="coming">coffee-shaken.jpg' in views[0].messages[0]["content"]
    assert any("<progress" in view.messages[-1]["content"] for view in views[:-1])
    last = views[-1]
    assert "photo-1.thumb.png" in last.messages[0]["content"]
    assert "Please make this photo sharp" not in last.messages[0]["content"], "words that nobody said"
    assert "Compare before and after" in last.messages[1]["content"]
    assert last.photos is not None
    assert 'data-photo="result-1">' in last.photos
    assert 'data-photo="photo-1" hidden' in last.photos


def test_an_upload_is_removed_once_the_conversation_has_it(page_bot: Bot, tmp_path: Path):
    from bot.page.server import _done

    copy = sample_copy(tmp_path)
    list(Chat(page_bot, _done()).ask("", "1" * 32, [copy]))
    assert not Path(copy).exists()


def test_what_cannot_be_read_comes_back_into_the_box(page_bot: Bot, tmp_path: Path):
    from bot.page.server import _done

    letter = tmp_path / "letter.jpg"
    letter.write_text("dear all")
    last = list(Chat(page_bot, _done()).ask("sharpen this", "2" * 32, [str(letter)]))[-1]
    assert last.draft == "sharpen this"
    assert last.files == (str(letter),)
    assert letter.exists()
    assert "Cannot read letter.jpg: " in last.messages[-1]["content"]


def served(client: TestClient, views: list[View], file: str) -> httpx.Response:
    return client.get(f"/unblur/photos/{views[-1].thread}/{file}")


def test_before_after_and_result_are_served_without_loss(client: TestClient, views: list[View], page_bot: Bot):
    album = page_bot.darkroom.album(views[-1].thread)
    for file in ("result-1.before.png", "result-1.after.png", "photo-1.thumb.png"):
        response = served(client, views, file)
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/png"
        assert response.content == album.path(file).read_bytes()
    download = served(client, views, "result-1.jpg?download")
    assert 'filename="coffee-shaken-restored.jpg"' in download.headers["content-disposition"]
    assert download.content == album.path("result-1.jpg").read_bytes()
    with Image.open(album.path("result-1.before.png")) as before, Image.open(album.path("result-1.after.png")) as after:
        assert before.size == after.size


@pytest.mark.parametrize(
    "address",
    [
        "/unblur/photos/{thread}/photo-1.json", "/unblur/photos/{thread}/..%2F..%2Fthreads.sqlite3",
        "/unblur/photos/{thread}/photo-2.thumb.png", "/unblur/photos/{thread}/%2Fetc%2Fpasswd.png",
        "/unblur/photos/holiday/photo-1.thumb.png", "/unblur/photos/" + "0" * 32 + "/photo-1.thumb.png",
        "/unblur/photos/{thread}/photo-1.thumb.png?download",
    ],
)  # fmt: skip
def test_nothing_else_is_served(client: TestClient, views: list[View], address: str):
    response = client.get(address.format(thread=views[-1].thread))
    assert response.status_code == 404 or "attachment" not in response.headers.get("content-disposition", "")
    assert b"SQLite" not in response.content
    assert b"sharpness" not in response.content


def test_names_of_photos_are_escaped(page_bot: Bot, tmp_path: Path):
    from dataclasses import replace

    from bot.page.server import _done

    chat = Chat(page_bot, _done())
    list(chat.ask("", "3" * 32, [sample_copy(tmp_path)]))
    exchange = page_bot.exchanges("3" * 32)[0]
    evil = '"><img src=x onerror=alert(1)>'
    hostile = replace(
        exchange,
        pictures=tuple(replace(one, name=evil) for one in exchange.pictures),
        results=tuple(replace(one, name=evil, checkpoint=evil) for one in exchange.results),
    )
    assert "<img src=x" not in panel_html("3" * 32, [hostile])
