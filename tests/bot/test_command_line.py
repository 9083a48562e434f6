"""The command line: results on standard output, one line for each mistake, exit status 0 or 2."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot import cli
from bot.settings import describe, load_settings
from ingest.pipeline import bundled_briefs

BRIEF = Path(__file__).parents[2] / "ingest" / "briefs" / "000_175a279dbfc0e4e7.txt"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNBLUR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def run(*arguments: str) -> int:
    return cli.run(arguments)


def mistake(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail as a user's mistake; returns the line that it says."""
    assert run(*arguments) == cli.EXIT_USER
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ") and len(said.err.splitlines()) == 1
    return said.err


def test_help_names_every_command_and_needs_no_heavy_import() -> None:
    heavy = "[name for name in ('torch', 'gradio', 'chromadb') if name in sys.modules]"
    code = f"import sys; from bot.cli import run; run(['--help']); print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    for command in ("chat", "ingest", "sources", "ask", "settings", "eval"):
        assert command in done.stdout


def test_a_brief_is_answered_as_json_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ask", "--brief", str(BRIEF), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["mode"] == "explain" and answer["brief"] == BRIEF.name
    assert answer["references"][0]["title"] == "Deblur-MSSNet-RealBlurJ"


def test_named_sources_alone_are_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ask", "how are details restored?", "--source", "mssnet", "--source", "FeatSharp", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert {one["title"][:9] for one in answer["references"]} == {"Deblur-MS", "FeatSharp"}
    assert run("ask", "how are details restored?", "--source", "NoNet") == 2
    assert "there is no source 'NoNet' in the store" in capsys.readouterr().err
    assert run("ask", "--brief", str(BRIEF), "--source", "MSSNet") == 2
    assert "leave it out beside a brief's file" in capsys.readouterr().err


def test_a_bare_question_fills_an_empty_store_with_the_bundled_briefs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ask", "Give me the link to CausalSR") == 0
    assert "https://github.com/Mnster00/CasualSR" in capsys.readouterr().out
    assert run("sources", "--json") == 0
    sources = json.loads(capsys.readouterr().out)
    assert len(sources) == len({entry.title for brief in bundled_briefs() for entry in brief.entries})
    assert set(sources[0]) == {"source_id", "title", "kind", "paper_url", "github_url", "briefs", "text"}


def test_ingest_twice_changes_nothing_the_second_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ingest", str(BRIEF.parent), "--json") == 0
    assert json.loads(capsys.readouterr().out)["added"] == 6
    assert run("ingest", str(BRIEF.parent), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["added"], report["changed"], report["unchanged"]) == (0, 0, 6)


def test_a_thread_is_continued_by_name_and_by_the_last_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ask", "--thread", "holiday", "Tell me about CausalSR") == 0
    capsys.readouterr()
    assert run("ask", "-c", "Does it have code?", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["thread"] == "holiday" and "CasualSR" in answer["answer"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("ask",), "--brief"),
        (("ask", "   "), "empty"),
        (("ask", "x" * 100_000), "100,000"),
        (("ask", "--brief", "missing.txt"), "missing.txt"),
        (("ask", "-c", "go on"), "--thread"),
        (("ingest",), "nothing to ingest"),
        (("frobnicate",), "frobnicate"),
        (("ask", "--colour", "x"), "--colour"),
        (("eval", "missing.jsonl", "--out", "out.jsonl"), "missing.jsonl"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], names: str
) -> None:
    assert names in mistake(capsys, *arguments)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""),
        ("binary.txt", os.urandom(400) + b"\x00"),
        ("no-sources.txt", b'A user has asked the following question:\n"What?"\n'),
    ],
)
def test_a_document_that_is_no_brief_is_told_in_one_line_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert name in mistake(capsys, "ask", "--brief", name)
    assert run("ingest", name, "-q") == cli.EXIT_USER
    assert name in capsys.readouterr().err
    assert run("sources", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_folder_without_briefs_is_a_mistake(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    assert run("ingest", "nothing", "-q") == cli.EXIT_USER
    assert "nothing" in capsys.readouterr().err


def test_a_setting_that_cannot_be_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNBLUR_PORT", "many")
    assert "UNBLUR_PORT" in mistake(capsys, "settings")


def test_a_model_that_is_not_at_hand_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNBLUR_MODEL", "wizard")
    assert "UNBLUR_MODEL" in mistake(capsys, "ask", "What is MSSNet?")


def test_settings_tell_where_each_value_came_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNBLUR_PORT", "8123")
    (tmp_path / ".env").write_text("UNBLUR_DEVICE=cpu\n")
    origins = {row["name"]: row["origin"] for row in describe(load_settings())}
    assert origins["UNBLUR_PORT"] == "environment"
    assert origins["UNBLUR_DEVICE"] == ".env"
    assert origins["UNBLUR_MODEL"] == "default"


def test_eval_answers_every_line_and_scores_the_gold_ones(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = [
        {
            "id": 1,
            "question": "Tell me about FeatSharp",
            "gold_titles": ["FeatSharp: Your Vision Model Features, Sharper"],
        },
        {"id": 2, "question": "What is the capital of France?", "expect": "refusal"},
        {"id": 3, "question": "Does it have code?", "history": ["Tell me about CausalSR"], "brief": BRIEF.name},
    ]
    questions = tmp_path / "q.jsonl"
    questions.write_text("\n".join(json.dumps(line) for line in lines) + "\nnonsense\n")
    assert run("eval", "q.jsonl", "--out", "p.jsonl") == cli.EXIT_USER  # the broken line
    said = capsys.readouterr().err
    assert "q.jsonl, line 4" in said
    assert "gold titles referenced 1.000 (1 questions)" in said and "as expected 1.000 (1 questions)" in said
    answers = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [answer["id"] for answer in answers] == [1, 2, 3]
    assert "https://github.com/Mnster00/CasualSR" in answers[2]["answer"]
    assert run("eval", "q.jsonl", "--out", "p.jsonl") == cli.EXIT_USER
    assert "--overwrite" in capsys.readouterr().err


def test_an_error_of_ours_is_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNBLUR_DEBUG", raising=False)

    def broken() -> None:
        raise RuntimeError("a wire\ncame loose")

    monkeypatch.setattr("bot.commands.settings.load_settings", broken)
    assert run("settings") == cli.EXIT_FAULT
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and "a wire came loose" in said


def test_help_is_quick() -> None:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bot", "--help"], capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    assert min(times) < 1.5  # about 0.2 s on an idle machine


def test_a_password_in_an_address_is_masked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNBLUR_CHROMA_URL", "http://ada:hush@127.0.0.1:8000")
    assert run("settings") == 0
    shown = capsys.readouterr().out
    assert "http://••••@127.0.0.1:8000" in shown and "hush" not in shown
