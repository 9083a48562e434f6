"""bot/conversations.py, bot/export.py and `unblur threads`: listed, found, renamed, taken along, deleted for good."""

import base64
import io
import json
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from bot.conversations import Conversations
from bot.errors import UserError
from bot.exchanges import Exchange
from bot.export import archive, as_json, markdown
from bot.export_html import as_html
from bot.page.conversation_list import list_html
from bot.page.sample import sample_photo
from bot.photos.album import Upload
from bot.service import Bot, Request
from bot.settings import Settings
from store.store import Store

CANARY = "quetzalcoatlus"


@pytest.fixture
def own_bot(store: Store, tmp_path: Path) -> Bot:
    return Bot(store, Settings(home=tmp_path))


def talk(bot: Bot, thread: str, *questions: str) -> None:
    for question in questions:
        bot.ask(Request(question, thread=thread))


def test_a_conversation_is_called_by_its_first_question_until_it_is_renamed(own_bot: Bot):
    talk(own_bot, "a", "tell me about CausalSR", "does it have code?")
    assert [one.title for one in own_bot.conversations.listed()] == ["tell me about CausalSR"]
    own_bot.conversations.rename("a", "  Holiday \n photos ")
    talk(own_bot, "a", "and its paper?")
    assert [one.title for one in own_bot.conversations.listed()] == ["Holiday photos"]
    with pytest.raises(UserError, match="the name is empty"):
        own_bot.conversations.rename("a", "  ")


def test_the_latest_comes_first_and_only_ones_own_are_listed(own_bot: Bot):
    talk(own_bot, "a", "tell me about CausalSR")
    talk(own_bot, "b", "tell me about FeatSharp")
    talk(own_bot, "a", "does it have code?")
    assert [one.thread for one in own_bot.conversations.listed()] == ["a", "b"]
    assert [one.thread for one in own_bot.conversations.listed({"b", "c"})] == ["b"]


@pytest.mark.parametrize(
    ("search", "found"),
    [("counterfactual", ["a"]), ("COUNTERF", ["a"]), ("upsample", ["b"]), ("causal about", ["a"]), ("zebra", []),
     ('"', ["b", "a"]), ("featsharp OR", ["b"]), ("NEAR(", []), ("tell", ["b", "a"])],
)  # fmt: skip
def test_a_conversation_is_found_by_any_word_in_it(own_bot: Bot, search: str, found: list[str]):
    talk(own_bot, "a", "tell me about CausalSR")
    talk(own_bot, "b", "tell me about FeatSharp")
    assert [one.thread for one in own_bot.conversations.listed(search=search)] == found


def test_an_export_holds_the_words_the_quotes_and_the_photos(own_bot: Bot):
    data = sample_photo()
    talk(own_bot, "a", "tell me about CausalSR")
    own_bot.ask(Request("", thread="a", photos=(Upload("my cup.jpg", data),)))
    exchanges = own_bot.exchanges("a")
    text = markdown("Cups", exchanges)
    for answer in (exchange.answer for exchange in exchanges):
        assert answer is not None
        assert answer.answer in text
        assert all(" ".join(citation.quote.split()) in text for citation in answer.citations)
    with zipfile.ZipFile(io.BytesIO(archive("Cups", "a", exchanges, own_bot.darkroom.album("a")))) as packed:
        assert packed.read("photos/photo-1.jpg") == data
        assert {"conversation.md", "conversation.json", "photos/result-1.jpg"} <= set(packed.namelist())
        turns = json.loads(packed.read("conversation.json"))["turns"]
    assert [turn["photos"] for turn in turns] == [[], ["my cup.jpg"]]
    assert turns[0]["answer"]["citations"] == [c.model_dump() for c in exchanges[0].answer.citations]  # type: ignore[union-attr]
    assert json.loads(as_json("Cups", "a", exchanges))["title"] == "Cups"


class Read(HTMLParser):
    """What a document holds: its ids, its links, its pictures and its words."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.words = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids |= {given["id"] or ""} if "id" in given else set()
        self.links += [given["href"] or ""] if "href" in given else []
        self.pictures += [given["src"] or ""] if "src" in given else []

    def handle_data(self, data: str) -> None:
        self.words += data


def test_an_html_export_stands_alone_with_its_quotes_and_photos(own_bot: Bot):
    talk(own_bot, "a", "tell me about CausalSR <script>alert(1)</script>")
    own_bot.ask(Request("", thread="a", photos=(Upload("my <cup>.jpg", sample_photo()),)))
    exchanges = own_bot.exchanges("a")
    read = Read(as_html("Cups & <b>mugs</b>", exchanges, own_bot.darkroom.album("a")))
    words = " ".join(read.words.split())
    assert "script" not in read.tags and "b" not in read.tags
    assert "Cups & <b>mugs</b>" in words and "<script>alert(1)</script>" in words
    for answer in (exchange.answer for exchange in exchanges):
        assert answer is not None
        assert all(" ".join(citation.quote.split()) in words for citation in answer.citations)
    inside = [link for link in read.links if link.startswith("#")]
    assert len(inside) >= 2 and {link[1:] for link in inside} <= read.ids
    supplied = {url for source in own_bot.store.sources() for url in source.urls}
    assert set(read.links) - set(inside) <= supplied
    assert len(read.pictures) == 2
    for picture in read.pictures:
        kind, _, data = picture.partition(";base64,")
        with Image.open(io.BytesIO(base64.b64decode(data))) as shown:
            assert (kind, shown.size) == ("data:image/jpeg", (600, 400))
    gone = Read(as_html("Cups", exchanges, own_bot.darkroom.album("b")))
    assert gone.pictures == [] and "is no longer here" in gone.words


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "jpeg"), ("RGBA", "png"), ("LA", "png"), ("CMYK", "jpeg")])
def test_an_html_export_holds_photos_of_every_kind(own_bot: Bot, mode: str, kind: str):
    encoded = io.BytesIO()
    Image.new(mode, (40, 30)).save(encoded, "TIFF")
    album = own_bot.darkroom.album("a")
    picture = own_bot.darkroom.take_in(album, Upload("odd.tif", encoded.getvalue()))
    asked = Exchange("What is it?", None, {}, pictures=(picture,))
    (shown,) = Read(as_html("Odd", [asked], album)).pictures
    assert shown.startswith(f"data:image/{kind};base64,")


def test_what_is_deleted_is_nowhere_any_more(own_bot: Bot, tmp_path: Path):
    data = sample_photo()
    talk(own_bot, "kept", "tell me about CausalSR")
    own_bot.ask(Request(f"sharpen my {CANARY}", thread="gone", photos=(Upload(f"{CANARY}.jpg", data),)))
    assert [one.thread for one in own_bot.conversations.listed(search=CANARY)] == ["gone"]
    own_bot.forget("gone")
    assert own_bot.exchanges("gone") == []
    assert [one.thread for one in own_bot.conversations.listed()] == ["kept"]
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in left if CANARY.encode() in path.read_bytes().lower() or data in path.read_bytes()]
    assert len(own_bot.exchanges("kept")) == 1


def test_titles_are_escaped_and_days_named(tmp_path: Path):
    listed = Conversations(tmp_path / "c.sqlite3")
    listed._run("INSERT INTO conversations VALUES (?, ?, 0, ?)", ("a" * 32, "<img src=x>", 1_000_000.0))
    now = 1_000_000.0
    for later, day in [
        (0, "Today"),
        (86_400, "Yesterday"),
        (3 * 86_400, "Earlier this week"),
        (30 * 86_400, "Earlier"),
    ]:
        html = list_html(listed.listed(), "a" * 32, searching=False, now=now + later)
        assert f"<h3>{day}</h3>" in html
    assert "<img" not in html
    assert 'aria-current="page"' in html
    assert "holds these words" in list_html([], "", searching=True)


def test_the_command_line_lists_shows_exports_and_deletes(own_bot: Bot, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("UNBLUR_HOME", str(tmp_path))
    talk(own_bot, "holiday", "tell me about CausalSR")
    assert run(["threads", "--search", "counterfactual"]) == 0
    assert "holiday  tell me about CausalSR" in capsys.readouterr().out
    assert run(["threads", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["thread"] == "holiday"
    assert run(["threads", "show", "holiday"]) == 0
    assert "[1] “" in capsys.readouterr().out
    out = tmp_path / "holiday.zip"
    assert run(["threads", "export", "holiday", "-o", str(out)]) == 0
    assert zipfile.is_zipfile(out)
    assert run(["threads", "export", "holiday", "-o", str(out)]) == 2
    assert "exists: give --overwrite" in capsys.readouterr().err
    assert run(["threads", "export", "holiday", "-o", str(tmp_path / "x.doc")]) == 2
    assert "end its name in .zip, .html, .md, .json, .bib or .csl.json" in capsys.readouterr().err
    assert run(["threads", "delete", "holiday"]) == 0
    assert run(["threads", "show", "holiday"]) == 2
    assert "there is no conversation 'holiday'" in capsys.readouterr().err
