"""Photos in a conversation, with the real network and the real agent: upload, follow-ups, undo, stop, and what goes wrong."""

import io
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.answer import Answer
from bot.errors import UserError
from bot.photos.album import Album, Upload, album_of, clean_name
from bot.service import Bot, Request, Step
from bot.settings import Settings
from restore.errors import PhotoError, RestorationCancelledError
from restore.restorer import Progress
from store.store import Store


def photo(width: int = 96, height: int = 64, form: str = "PNG", **options: object) -> bytes:
    """A soft picture with edges and colour."""
    y, x = np.mgrid[:height, :width]
    bands = np.stack([np.sin(x / 5) * 90 + 120, np.cos(y / 7) * 80 + 120, (x + y) % 64 * 3], axis=2)
    encoded = io.BytesIO()
    Image.fromarray(bands.clip(0, 255).astype(np.uint8)).save(encoded, form, **options)
    return encoded.getvalue()


@pytest.fixture
def own_bot(store: Store, tmp_path: Path) -> Bot:
    return Bot(store, Settings(home=tmp_path))


@pytest.fixture
def say(own_bot: Bot) -> Callable[..., Answer]:
    def say(words: str, *photos: Upload, thread: str = "t") -> Answer:
        return own_bot.ask(Request(words, thread=thread, photos=photos))

    return say


def test_a_photo_without_a_word_is_restored_and_the_answer_names_what_ran(say, own_bot: Bot):
    answer = say("", Upload("cat.png", photo()))
    assert answer.mode == "restoration"
    assert answer.restoration is not None
    assert (answer.restoration.width, answer.restoration.height, answer.restoration.tiles) == (96, 64, 1)
    assert "**cat.png**, 96 × 64 px, 1 tile" in answer.answer
    assert "the bundled weights *compact*" in answer.answer
    assert {citation.source_id.split(":")[0] for citation in answer.citations} == {"model"}
    assert all("MSSNet" in reference.title for reference in answer.references)
    call = answer.tool_calls[0]
    assert (call.name, call.args) == ("restore_photo", {"photo": "photo-1"})
    with Image.open(answer.restoration.output_path) as restored:
        assert restored.size == (96, 64)
        assert restored.format == "PNG"
    original = own_bot.darkroom.album("t").path("photo-1.png")
    assert original.read_bytes() == photo(), "the photo is kept as it came"


def test_a_question_beside_the_photo_is_answered_too(say):
    answer = say("How does AI know what was there before the blur?", Upload("cat.png", photo()))
    assert answer.mode == "explain"
    assert answer.restoration is not None
    assert answer.answer.startswith("Done: **cat.png**")
    assert "### 2. Workflow" in answer.answer


def test_the_message_may_come_before_the_photo(say):
    assert "add the photo" in say("Can you sharpen my photo?").answer
    assert say("", Upload("cat.png", photo())).restoration is not None


def test_follow_ups_know_the_photo_and_what_was_done(say):
    say("tell me about CausalSR")
    say("Can you sharpen this one?", Upload("cat.png", photo()))
    larger = say("enlarge it 2 times")
    assert larger.restoration is not None
    assert (larger.restoration.width, larger.restoration.height, larger.restoration.enlarge) == (192, 128, 2)
    assert "enlarged 2 times by Lanczos first, which adds no detail" in larger.answer
    other = say("with the RealBlur-R weights")
    assert "realblur-r are not at hand, so the bundled compact ran" in other.answer.replace("\\", "")
    assert other.restoration is not None
    assert (other.restoration.checkpoint, other.restoration.enlarge) == ("compact", 2)
    assert other.tool_calls[0].args == {"photo": "photo-1", "checkpoint": "realblur-r", "enlarge": 2}
    told = say("what did you do to my photo?")
    assert told.mode == "restoration"
    assert told.restoration is not None
    assert told.restoration.result == "result-3"
    assert "enlarged 2 times" in told.answer
    assert say("does that one have code?").answer.count("https://github.com/") == 1


def test_undo_goes_back_one_result_at_a_time(say, own_bot: Bot):
    say("", Upload("cat.png", photo()))
    say("a bit weaker")
    assert "as it was before the last step" in say("undo").answer
    assert own_bot.exchanges("t")[-1].shows is not None
    assert "as you gave it" in say("undo").answer
    assert own_bot.exchanges("t")[-1].shows is None
    assert "nothing was done to it" in say("undo").answer


def test_several_photos_at_once_and_one_that_is_none(say):
    bad = Upload("letter.jpg", b"dear all")
    answer = say("", Upload("a.png", photo()), bad, Upload("b.jpg", photo(form="JPEG")))
    assert [call.args["photo"] for call in answer.tool_calls[:2]] == ["photo-1", "photo-2"]
    assert "Letter.jpg: " in answer.answer
    assert "**a.png**" in answer.answer
    assert "**b.jpg**" in answer.answer


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%!PS-Adobe-3.0 EPSF-3.0", photo()[:200]])
def test_what_is_no_photo_is_refused_in_one_line_and_nothing_is_kept(say, own_bot: Bot, data: bytes):
    with pytest.raises(UserError, match=r"cannot read odd\.jpg: ") as refused:
        say("", Upload("odd.jpg", data))
    assert "\n" not in str(refused.value)
    assert own_bot.darkroom.album("t").pictures() == []
    assert own_bot.exchanges("t") == []


def test_an_enlargement_beyond_the_limit_is_one_line_of_the_answer(store: Store, tmp_path: Path):
    bot = Bot(store, Settings(home=tmp_path, max_megapixels=0.01))
    bot.ask(Request("", thread="t", photos=(Upload("cat.png", photo()),)))
    answer = bot.ask(Request("enlarge it 4 times", thread="t"))
    assert answer.restoration is None
    assert "0.1 megapixels, more than the limit of 0.01: enlarge it less" in answer.answer


def test_progress_is_told_and_a_stop_stops(own_bot: Bot):
    large = Upload("wide.png", photo(1500, 500))
    stop = threading.Event()
    steps = []
    for event in own_bot.stream(Request("", thread="t", photos=(large,), stop=stop)):
        if isinstance(event, Step):
            steps.append(event)
            if event.fraction:
                stop.set()
    shown = [step.fraction for step in steps if step.fraction is not None]
    assert shown[:2] == [0, 0.25]
    assert len(shown) < 4, "it went on after the stop"
    assert "left" in next(step for step in steps if step.fraction).text
    assert own_bot.darkroom.album("t").results() == []


def test_the_time_left_ends_with_the_writing_of_the_result_and_never_grows(own_bot: Bot):
    album = own_bot.darkroom.album("t")
    picture = own_bot.darkroom.take_in(album, Upload("wide.png", photo(1500, 500)))
    told: list[float] = []
    last_tile = 0.0

    def progress(step: Progress) -> None:
        nonlocal last_tile
        last_tile = time.monotonic()
        if step.remaining_s is not None:
            told.append(step.remaining_s)

    result = own_bot.darkroom.restore(album, picture.id, progress=progress)
    wrote_s = time.monotonic() - last_tile
    assert told == sorted(told, reverse=True)
    assert 0 < told[-1] < 5 * wrote_s + 0.2
    assert album.path(f"{result.id}.before.png").read_bytes() == album.path(f"{picture.id}.view.png").read_bytes()


def test_a_large_photo_gets_an_estimate_before_the_work_begins(own_bot: Bot):
    large = Upload("wall.png", photo(2500, 1700))
    stop = threading.Event()
    told = ""
    began = time.monotonic()
    for event in own_bot.stream(Request("", thread="t", photos=(large,), stop=stop)):
        if isinstance(event, Step) and "megapixels" in event.text:
            told = told or event.text
        if isinstance(event, Step) and event.fraction:
            stop.set()
    found = re.search(r"Restoring wall\.png: 4 megapixels, about (\d+) (s|min) on this machine", told)
    assert found, told
    expected_s = int(found[1]) * (60 if found[2] == "min" else 1)
    tile_s = (time.monotonic() - began) / 3  # one was timed, one was done, and there was the reading
    assert expected_s > 5 * tile_s, "it is the time of all tiles, not of one"


def test_a_restoration_that_waits_for_another_can_be_stopped(own_bot: Bot):
    album = own_bot.darkroom.album("t")
    own_bot.darkroom.take_in(album, Upload("cat.png", photo()))
    said = []
    with own_bot.darkroom._turn, pytest.raises(RestorationCancelledError):
        own_bot.darkroom.restore(album, "photo-1", waiting=lambda: said.append("waits"), cancelled=lambda: bool(said))


def test_conversations_have_their_own_photos(say, own_bot: Bot):
    say("", Upload("cat.png", photo()), thread="a")
    assert own_bot.darkroom.album("b").pictures() == []
    with pytest.raises(PhotoError, match="upload a photo first"):
        own_bot.darkroom.album("b").picture("photo-1")
    assert "add the photo" in say("Please sharpen my photo", thread="b").answer


def test_a_conversation_shows_its_photos_again_after_a_restart(say, store: Store, tmp_path: Path):
    say("", Upload("cat.png", photo()))
    exchange = Bot(store, Settings(home=tmp_path)).exchanges("t")[0]
    assert [picture.name for picture in exchange.pictures] == ["cat.png"]
    assert [result.id for result in exchange.results] == ["result-1"]
    assert exchange.wordless
    assert exchange.answer is not None
    assert exchange.answer.restoration is not None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\fake\\cat.png", "cat.png"), ("a\x00b\n.png", "ab.png"), ("", "photo"),
        ("x" * 300 + ".jpeg", "x" * 80 + ".jpeg"), (".png", "photo.png"),
    ],
)  # fmt: skip
def test_names_lead_nowhere(given: str, shown: str):
    assert clean_name(given) == shown


@pytest.mark.parametrize(
    "name", ["../t/photo-1.png", "photo-1.png/..", "/etc/passwd", "photo-9.png", "..", "other.png", ""]
)
def test_an_album_gives_out_none_but_its_own_files(tmp_path: Path, name: str):
    album = album_of(tmp_path, "t")
    album.write("photo-1.png", b"x")
    (album.folder / "other.png").touch()
    with pytest.raises(PhotoError):
        album.path(name)


def test_ids_are_given_once_whoever_asks(tmp_path: Path):
    album = Album(tmp_path)
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(album.reserve())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids, key=lambda one: int(one.split("-")[1])) == [f"result-{n}" for n in range(1, 21)]


def test_deleting_an_album_leaves_nothing(say, own_bot: Bot, tmp_path: Path):
    say("", Upload("cat.png", photo()))
    own_bot.darkroom.album("t").delete()
    assert not [path for path in (tmp_path / "photos").rglob("*") if path.is_file()]
