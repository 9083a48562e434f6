"""The named endpoints with `gradio_client`: photos, numbers for a restoration, sources, conversations."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "answer.schema.json").read_text())


@pytest.fixture(scope="module")
def client(served) -> Iterator[Client]:
    client = Client(served.address, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_a_photo_comes_with_a_question(client: Client, photo: Path):
    answer = client.predict("sharpen it, please", photos=[handle_file(photo)], api_name="/ask")
    jsonschema.validate(answer, SCHEMA)
    assert answer["mode"] == "restoration"
    again = client.predict("enlarge it 2 times", answer["thread"], api_name="/ask")
    assert again["restoration"]["enlarge"] == 2


def test_a_photo_is_restored_by_numbers(client: Client, served, photo: Path):
    answer = client.predict(handle_file(photo), enlarge=2, strength=0.37, api_name="/restore")
    jsonschema.validate(answer, SCHEMA)
    told = answer["restoration"]
    assert (told["enlarge"], told["strength"], told["width"], told["height"]) == (2, 0.37, 128, 96)
    assert told["name"] == "navy-restored-2x.png"
    for address in told["addresses"].values():
        shown = httpx.get(f"{served.address.rstrip('/')}{address}")
        assert Image.open(io.BytesIO(shown.content)).size == (128, 96)
    assert told["output_path"] == told["addresses"]["result"]
    assert str(served.bot.settings.home) not in json.dumps(answer)
    described = client.predict("what did you do to it?", answer["thread"], api_name="/ask")
    assert "2 times" in described["answer"]


def test_named_sources_alone_are_used(client: Client):
    asked = "how are details restored?"
    answer = client.predict(asked, sources=["MSSNet"], api_name="/ask")
    assert {one["title"][:13] for one in answer["references"]} == {"Deblur-MSSNet"}
    with pytest.raises(AppError, match="there is no source 'NoNet' in the store"):
        client.predict(asked, sources=["MSSNet", "NoNet"], api_name="/ask")


def test_sources_are_as_the_command_line_prints_them(client: Client, served):
    sources = client.predict(api_name="/sources")
    assert len(sources) == served.bot.store.count()
    assert set(sources[0]) == {"source_id", "title", "kind", "paper_url", "github_url", "briefs", "text"}


def test_a_conversation_is_begun_and_read(client: Client, photo: Path):
    thread = client.predict(api_name="/new_thread")
    assert client.predict(thread, api_name="/conversation") == {"title": "", "thread": thread, "turns": []}
    asked = client.predict("tell me about CausalSR", thread, api_name="/ask")
    client.predict(handle_file(photo), thread=thread, api_name="/restore")
    kept = client.predict(thread, api_name="/conversation")
    first, second = kept["turns"]
    assert kept["title"] == first["question"] == "tell me about CausalSR"
    assert {**first["answer"], "seconds": 0} == {**asked, "seconds": 0}
    assert (second["question"], second["photos"]) == ("", ["navy.png"])
    assert second["answer"]["restoration"]["addresses"]["after"].startswith(f"/unblur/photos/{thread}/")


def test_programs_with_cookies_of_their_own_see_their_own_alone(client: Client, served):
    with httpx.Client(base_url=served.address) as browser:
        browser.get("")
        thread = called(browser, "new_thread", [])
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            client.predict(thread, api_name="/conversation")
        assert called(browser, "conversation", [thread])["turns"] == []


def called(client: httpx.Client, name: str, data: list[Any]) -> Any:
    event = client.post(f"gradio_api/call/{name}", json={"data": data}).json()["event_id"]
    lines = client.get(f"gradio_api/call/{name}/{event}", timeout=30).text.splitlines()
    return json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))[0]


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        ({"enlarge": 5}, "choose enlarge from 1 to 4"),
        ({"strength": 2}, "strength from 0 to 1"),
        ({"enlarge": "much"}, "enlarge cannot be used"),
        ({"checkpoint": "../../etc/passwd"}, "passwd"),
        ({"thread": "0" * 32}, "there is no conversation"),
    ],
)
def test_what_cannot_be_restored_is_one_line(client: Client, photo: Path, numbers: dict[str, Any], line: str):
    with pytest.raises(AppError, match=line) as raised:
        client.predict(handle_file(photo), api_name="/restore", **numbers)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("photos", "line"),
    [
        ([{"path": "/etc/passwd"}], "not yours"),
        ([{"path": "http://127.0.0.1/x.png", "meta": {"_type": "gradio.FileData"}}], "not yours"),
        (["/etc/passwd"], "photos.0 cannot be used"),
        ([{}], "upload it first"),
        ("x", "photos cannot be used"),
    ],
)
def test_nothing_but_an_upload_is_a_photo(served, photos: Any, line: str):
    with httpx.Client(base_url=served.address, timeout=30) as browser:
        joined = browser.post("gradio_api/call/ask", json={"data": ["sharpen it", "", photos, "", []]})
        if joined.status_code == 200:
            told = browser.get(f"gradio_api/call/ask/{joined.json()['event_id']}").text
            assert "event: error" in told
        else:
            told = joined.text
    assert line in told


def test_a_file_that_is_no_photo_is_refused(client: Client, tmp_path: Path):
    (tmp_path / "note.png").write_text("no photo")
    with pytest.raises(AppError, match=r"cannot read note\.png"):
        client.predict("sharpen it", photos=[handle_file(tmp_path / "note.png")], api_name="/ask")
