"""What a first-time user should find better than elsewhere: quick, cited to the letter, and the same wherever it is kept."""

import io
import json
import zipfile

from playwright.sync_api import expect
from reader import Reader

_QUICK = """async () => {
    const began = performance.now();
    document.querySelector("#first .example").click();
    while (!document.querySelector("#conversation .said.answer:not(.writing) a.marker"))
        await new Promise((done) => requestAnimationFrame(done));
    return performance.now() - began;
}"""


def test_the_page_and_its_first_cited_answer_are_there_at_once(arrive, pace):
    arrive().ask("tell me about CausalSR")  # from here on the embedding model is loaded
    waits: list[tuple[float, float]] = []
    for _ in range(3):
        reader = arrive()
        expect(reader.examples.first).to_be_enabled()
        opened = reader.page.evaluate("performance.now()")
        waits.append((opened, reader.page.evaluate(_QUICK)))
    assert min(opened for opened, _ in waits) < pace.limit(3_000), waits
    assert min(answered for _, answered in waits) < pace.limit(1_000), waits


def quotes_shown(reader: Reader) -> dict[int, str]:
    """What each marker of the answer lights up in the panel."""
    answer = reader.answers.last
    shown = {}
    for number in dict.fromkeys(int(marker.inner_text().split()[-1]) for marker in answer.locator("a.marker").all()):
        answer.locator(f"a.marker[href$='-{number}']").first.click()
        expect(reader.shown_quote.first).to_be_in_viewport()
        shown[number] = " ".join("".join(reader.shown_quote.all_text_contents()).split())
    return shown


def test_a_quote_is_the_same_on_the_page_after_a_reload_and_in_what_is_taken_along(reader: Reader):
    reader.examples.first.click()
    reader.wait_for_answer()
    shown = quotes_shown(reader)
    assert len(shown) >= 5
    reader.reload()
    reader.wait_for_answer()
    assert quotes_shown(reader) == shown
    thread = reader.page.evaluate("new URLSearchParams(location.search).get('thread')")
    kept = f"{reader.address}unblur/conversations/{thread}/conversation"
    exported = json.loads(reader.page.request.get(f"{kept}.json").body())
    citations = exported["turns"][0]["answer"]["citations"]
    assert {one["marker"]: " ".join(one["quote"].split()) for one in citations} == shown
    with zipfile.ZipFile(io.BytesIO(reader.page.request.get(f"{kept}.zip").body())) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".md"))
        markdown = " ".join(archive.read(name).decode().split())
    assert [quote for quote in shown.values() if quote not in markdown] == []
