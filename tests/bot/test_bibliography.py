"""bot/bibliography.py: what was supplied, in the forms that reference managers read."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.bibliography import bibtex, csl_json, pointed_to
from bot.cli import app
from bot.service import Bot, Request
from bot.settings import Settings
from store.model import Kind, Source


def source(title: str, paper: str | None, code: str | None = None, kind: Kind = Kind.PAPER) -> Source:
    return Source(f"title:{title}", title, kind, paper, code, (), title)


def test_an_arxiv_link_says_its_number_and_nothing_else_is_made_up():
    supplied = source("CausalSR", "http://arxiv.org/pdf/2501.15852v1.pdf", "https://github.com/Mnster00/CasualSR")
    assert bibtex([supplied]) == (
        "@misc{title-CausalSR,\n  title = {{CausalSR}},\n  url = {http://arxiv.org/pdf/2501.15852v1.pdf},\n"
        "  eprint = {2501.15852v1},\n  archiveprefix = {arXiv},\n"
        "  note = {Code: \\url{https://github.com/Mnster00/CasualSR}},\n}\n"
    )
    assert json.loads(csl_json([supplied])) == [
        {
            "id": "title-CausalSR",
            "type": "article",
            "title": "CausalSR",
            "URL": "http://arxiv.org/pdf/2501.15852v1.pdf",
            "archive": "arXiv",
            "archive_location": "2501.15852v1",
            "note": "Code: https://github.com/Mnster00/CasualSR",
        }
    ]


@pytest.mark.parametrize(
    ("link", "number"),
    [
        ("https://arxiv.org/abs/2001.00001", "2001.00001"),
        ("https://www.arxiv.org/abs/cs/0501001v2", "cs/0501001v2"),
        ("https://example.org/arxiv.org.pdf", None),
        (None, None),
    ],
)
def test_only_arxiv_links_have_a_number(link: str | None, number: str | None):
    assert json.loads(csl_json([source("x", link)]))[0].get("archive_location") == number


def test_a_model_is_software():
    (item,) = json.loads(csl_json([source("m", None, "https://github.com/a/b", Kind.MODEL)]))
    assert (item["type"], item["URL"]) == ("software", "https://github.com/a/b")


def test_odd_titles_and_links_end_no_field():
    written = bibtex([source("100% {of} \\x_y #1 & $2\n~^", "https://example.org/{a}%20b\\c d")])
    plain = re.sub(r"\\[a-z]+\{\}|\\[{}]", "", written)
    assert plain.count("{") == plain.count("}")
    assert r"100\% \{of\} \textbackslash{}x\_y \#1 \& \$2 \textasciitilde{}\textasciicircum{}" in written
    assert "https://example.org/%7Ba%7D%20b%5Cc%20d" in written


def test_a_conversation_exports_what_its_answers_point_to(bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept = Bot(bot.store, Settings(home=tmp_path))
    kept.ask(Request("What is the capital of France?", thread="holiday"))
    kept.ask(Request("tell me about CausalSR", thread="holiday"))
    kept.ask(Request("How do I get a blurry picture sharp?", thread="holiday"))
    sources = pointed_to(kept.exchanges("holiday"))
    assert "CausalSR" in sources[0].title
    assert len({one.source_id for one in sources}) == len(sources) > 1
    monkeypatch.setenv("UNBLUR_HOME", str(tmp_path))
    for name, content in {"refs.bib": bibtex(sources), "refs.csl.json": csl_json(sources)}.items():
        done = CliRunner().invoke(app, ["threads", "export", "holiday", "-o", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        assert (tmp_path / name).read_text() == content
    assert bibtex(sources).count("@misc{") == len(sources)
