"""bot/embedded/photo_wish.py: what people say to a photo is read as what they want done with it."""

from dataclasses import asdict

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from bot.embedded.photo_wish import PhotoWish, read_photo_wish
from bot.photos.album import Picture, Result
from bot.photos.tools import PHOTOS, RESTORE, WORDLESS

PICTURES = [Picture(f"photo-{n}", f"holiday{n}.jpg", "JPEG", 100, 80, f"photo-{n}.jpg") for n in (1, 2)]


def made(photo: str = "photo-1", **other: object) -> Result:
    known = {
        "id": "result-1", "photo": photo, "name": "x.jpg", "file": "result-1.jpg", "asked_checkpoint": None,
        "checkpoint": "compact", "note": "", "enlarge": 1, "strength": 1.0, "width": 100, "height": 80, "tiles": 1,
        "seconds": 1.0, "sharpness_before": 2.0, "sharpness_after": 3.0,
    }  # fmt: skip
    return Result(**{**known, **other})  # type: ignore[arg-type]


def conversation(result: Result | None, count: int = 1) -> list[BaseMessage]:
    came = HumanMessage("x", additional_kwargs={PHOTOS: [asdict(one) for one in PICTURES[:count]], WORDLESS: True})
    if result is None:
        return [came, AIMessage("Done.")]
    artifact = {"tool": RESTORE, "photo": result.photo, "result": asdict(result), "error": ""}
    return [came, ToolMessage("x", name=RESTORE, tool_call_id="1", artifact=artifact), AIMessage("Done.")]


def wish(text: str, result: Result | None = None, count: int = 1) -> PhotoWish | None:
    return read_photo_wish([*conversation(result or made(), count), HumanMessage(text)])


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("do it again", {}),
        ("Again, please", {}),
        ("sharpen it", {}),
        ("run it at full strength", {}),
        ("enlarge it 3 times", {"enlarge": 3}),
        ("Can you enlarge it 2x?", {"enlarge": 2}),
        ("can you make it twice as big?", {"enlarge": 2}),
        ("make it bigger", {"enlarge": 2}),
        ("upscale it four times", {"enlarge": 4}),
        ("with the RealBlur-R weights", {"checkpoint": "realblur-r"}),
        ("use Deblur-MSSNet-RealBlurJ", {"checkpoint": "realblur-j"}),
        ("use the gopro weights", {"checkpoint": "gopro"}),
        ("a bit weaker please", {"strength": 0.5}),
        ("again, with strength 0.4", {"strength": 0.4}),
        ("at 30%", {"strength": 0.3}),
        ("with the RealBlur-J weights, twice as big and half as strong",
         {"checkpoint": "realblur-j", "enlarge": 2, "strength": 0.5}),
    ],
)  # fmt: skip
def test_a_wish_is_read_with_its_numbers(text: str, changes: dict[str, object]):
    read = wish(text)
    assert read is not None
    assert read == PhotoWish("restore", ("photo-1",), **changes)  # type: ignore[arg-type]


def test_again_keeps_what_was_asked_for_the_last_time():
    last = made(asked_checkpoint="gopro", enlarge=3, strength=0.5)
    assert wish("again", last) == PhotoWish("restore", ("photo-1",), "gopro", 3, 0.5)
    assert wish("in the original size, please", last) == PhotoWish("restore", ("photo-1",), "gopro", 1, 0.5)


@pytest.mark.parametrize("text", ["undo", "give me the original back", "Please revert that."])
def test_undo_is_understood(text: str):
    assert wish(text) == PhotoWish("undo", ("photo-1",))


@pytest.mark.parametrize(
    "text",
    [
        "what did you do to my photo?",
        "Which weights did you use?",
        "how long did it take?",
        "What happened to my picture?",
    ],
)
def test_what_was_done_is_told(text: str):
    assert wish(text) == PhotoWish("describe", ("photo-1",))


@pytest.mark.parametrize(
    "text",
    [
        "does that one have code?", "how does MSSNet sharpen photos?", "what is super-resolution?", "thanks",
        "Does MSSNet enlarge photos?", "tell me about CausalSR", "compare it with CausalSR", "is it better than CausalSR?",
        "Which of these was tested on video?", "and its input?", "how is it different from the first?",
    ],
)  # fmt: skip
def test_questions_about_sources_are_none_about_photos(text: str):
    assert wish(text) is None


def test_more_than_four_times_is_refused_with_what_can_be_done():
    read = wish("enlarge it 9 times")
    assert read is not None
    assert read.action == "refuse"
    assert "2, 3 or 4 times, not 9" in read.problem


@pytest.mark.parametrize(
    ("text", "photos"),
    [
        ("sharpen the first photo", ("photo-1",)),
        ("sharpen the second one", ("photo-2",)),
        ("sharpen holiday2.jpg", ("photo-2",)),
        ("sharpen all of them", ("photo-1", "photo-2")),
        ("Enlarge it 2 times (photo-2)", ("photo-2",)),
    ],
)
def test_a_photo_among_several_is_found(text: str, photos: tuple[str, ...]):
    read = wish(text, count=2)
    assert read is not None
    assert read.photos == photos


def test_a_photo_that_comes_along_is_restored_and_a_question_beside_it_is_answered_too():
    came = {PHOTOS: [asdict(PICTURES[0])]}
    for text, asked in [("Can you sharpen this one?", False), ("How does AI know what was there?", True)]:
        read = read_photo_wish([HumanMessage(text, additional_kwargs=came)])
        assert read is not None
        assert (read.action, read.photos, read.also_asked) == ("restore", ("photo-1",), asked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Can you sharpen my photo?", "await"),
        ("here is my picture", "await"),
        ("Please fix my blurry picture from the party", "await"),
        ("How do I sharpen my photo?", None),
        ("Can you explain how my photo gets sharp?", None),
        ("What can you do?", None),
        ("I blew up an old phone photo 4x and it looked sharp. What clues does AI use?", None),
    ],
)
def test_whoever_speaks_of_a_photo_that_is_not_there_yet_is_asked_for_it(text: str, expected: str | None):
    read = read_photo_wish([HumanMessage(text)])
    assert (read.action if read else None) == expected
