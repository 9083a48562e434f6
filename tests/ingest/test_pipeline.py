"""Documents into a real store: what goes in, what is reported, what is forgotten."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.documents import Document
from ingest.pipeline import Report, bundled_briefs, ingest
from store.model import Brief
from store.store import Store

Write = Callable[..., Path]


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.removed


def held(store: Store) -> dict[str, tuple[str, ...]]:
    return {source.title: source.briefs for source in store.sources()}


def messages(report: Report) -> list[str]:
    assert not report.ok
    assert all("\n" not in str(problem) for problem in report.problems)
    return [str(problem) for problem in report.problems]


def json_line(title: str, brief: str | None = None) -> str:
    return json.dumps({"title": title, "kind": "paper", "summary": f"All of {title}.", "brief": brief}) + "\n"


def test_a_source_of_two_briefs_goes_in_once(store: Store, write_brief: Write):
    write_brief("a.txt", "How?", "One", "Two")
    folder = write_brief("sub/b.txt", "Why?", "Two", "Three")
    report = ingest([folder], store)
    assert report.ok
    assert counts(report) == (3, 0, 0, 0)
    assert report.briefs == ("a.txt", "sub/b.txt")
    assert held(store) == {"One": ("a.txt",), "Three": ("sub/b.txt",), "Two": ("a.txt", "sub/b.txt")}
    (a, b) = store.briefs()
    assert (a.question, b.question) == ("How?", "Why?")
    assert a.origin == str(folder.resolve() / "a.txt")


def test_the_same_again_changes_nothing(open_store: Callable[[], Store], write_brief: Write):
    folder = write_brief("a.txt", "How?", "One", "Two")
    ingest([folder], open_store())
    before = open_store().sources()
    report = ingest([folder], open_store(), prune=True)
    assert counts(report) == (0, 0, 2, 0)
    assert open_store().sources() == before


def test_an_edited_brief_updates_its_sources(store: Store, write_brief: Write):
    folder = write_brief("a.txt", "How?", "One", "Two")
    ingest([folder], store)
    text = (folder / "a.txt").read_text()
    (folder / "a.txt").write_text(text.replace("All of One", "More of One").replace("How?", "How now?"))
    assert counts(ingest([folder], store)) == (0, 1, 1, 0)
    assert "More of One." in store.sources()[0].text
    assert store.briefs()[0].question == "How now?"


def test_what_a_brief_no_longer_names_goes_when_pruned(store: Store, write_brief: Write):
    ingest([write_brief("a.txt", "How?", "One", "Two")], store)
    folder = write_brief("a.txt", "How?", "One")
    assert counts(ingest([folder], store)) == (0, 0, 1, 0)
    assert held(store) == {"One": ("a.txt",), "Two": ()}
    assert counts(ingest([folder], store, prune=True)) == (0, 0, 1, 1)
    assert held(store) == {"One": ("a.txt",)}


def test_pruning_forgets_the_briefs_whose_files_are_gone(store: Store, write_brief: Write, tmp_path: Path):
    other = tmp_path / "other.txt"
    write_brief("a.txt", "How?", "One", "Two")
    folder = write_brief("b.txt", "Why?", "Two", "Three")
    shutil.copy(folder / "a.txt", other)
    other.write_text(other.read_text().replace("One", "Four"))
    ingest([folder, other], store)
    (folder / "b.txt").unlink()
    assert ingest([folder], store).forgotten == ()
    other.unlink()  # not below the folder that is given, so it stays
    report = ingest([folder], store, prune=True)
    assert report.ok
    assert report.forgotten == ("b.txt",)
    assert report.removed == 1
    assert set(held(store)) == {"One", "Two", "Four"}


def test_pruning_an_emptied_folder_or_a_removed_file_is_no_mistake(store: Store, write_brief: Write, tmp_path: Path):
    folder = write_brief("a.txt", "How?", "One")
    lone = tmp_path / "lone.txt"
    lone.write_text((folder / "a.txt").read_text().replace("One", "Two"))
    ingest([folder, lone], store)
    (folder / "a.txt").unlink()
    lone.unlink()
    assert len(messages(ingest([folder, lone], store))) == 2
    report = ingest([folder, lone], store, prune=True)
    assert report.ok
    assert counts(report) == (0, 0, 0, 2)
    assert store.briefs() == []


def test_pruning_a_folder_that_is_missing_forgets_nothing(store: Store, write_brief: Write):
    folder = write_brief("a.txt", "How?", "One")
    ingest([folder], store)
    folder.rename(folder.with_name("elsewhere"))
    assert "no such file or folder" in messages(ingest([folder], store, prune=True))[0]
    assert held(store) == {"One": ("a.txt",)}


def test_pruning_keeps_what_a_broken_file_gave_before(store: Store, write_brief: Write, tmp_path: Path):
    folder = write_brief("a.txt", "How?", "One")
    lines = folder / "papers.jsonl"
    lines.write_text(json_line("Two", "mine") + json_line("Three"))
    ingest([folder], store)
    (folder / "a.txt").write_text("nothing of use")
    lines.write_text("{broken\n" + json_line("Three"))
    report = ingest([folder], store, prune=True)
    assert len(messages(report)) == 2
    assert report.forgotten == ()
    assert set(held(store)) == {"One", "Two", "Three"}


def test_pruning_forgets_the_briefs_that_a_jsonl_file_no_longer_names(store: Store, tmp_path: Path):
    lines = tmp_path / "papers.jsonl"
    lines.write_text(json_line("One", "mine") + json_line("Two", "yours") + json_line("Three"))
    assert ingest([lines], store).briefs == ("mine", "yours", "papers.jsonl")
    lines.write_text(json_line("One", "mine"))
    report = ingest([lines], store, prune=True)
    assert set(report.forgotten) == {"yours", "papers.jsonl"}
    assert held(store) == {"One": ("mine",)}


def test_pruning_leaves_the_bundled_briefs(store: Store, write_brief: Write):
    for brief in bundled_briefs():
        store.put(brief)
    ingest([write_brief("a.txt", "How?", "One")], store, prune=True)
    assert len(store.briefs()) == 3


def test_one_broken_brief_among_many_is_reported_and_the_others_go_in(store: Store, write_brief: Write):
    folder = write_brief("a.txt", "How?", "One")
    write_brief("z.txt", "Why?", "Two")
    (folder / "b.txt").write_text("## Papers\nModel: B\nPaper: in the drawer\n")
    (folder / "c.txt").write_bytes(b"\x89PNG\0")
    (folder / "d.txt").write_text("")
    (folder / "e.txt").write_text("Just a letter.")
    (folder / "f.jsonl").write_text(json_line("Three") + "{\n")
    report = ingest([folder, folder / "missing.txt"], store)
    assert messages(report) == [
        f"{folder}/b.txt, line 3: `Paper:` needs one link such as https://…, not 'in the drawer': give the link, or `None`",
        f"{folder}/c.txt: holds binary data, not text: give a .txt, .md or .jsonl file",
        f"{folder}/d.txt: is empty: give a brief with a question, models and papers",
        f"{folder}/e.txt: no models or papers found in it: write a line `Model: NAME` for each, with `Paper:`, `GitHub:` "
        "and `Summary:` lines below it",
        f"{folder}/f.jsonl, line 2: no JSON (Expecting property name enclosed in double quotes at column 2): "
        "write one object a line",
        f"{folder}/missing.txt: no such file or folder: check the path",
    ]
    assert set(held(store)) == {"One", "Two", "Three"}


def test_a_brief_given_twice_goes_in_once_and_is_told(store: Store, write_brief: Write, tmp_path: Path):
    folder = write_brief("a.txt", "How?", "One")
    copy = folder / "copy.txt"
    shutil.copy(folder / "a.txt", copy)
    assert ingest([folder / "a.txt", folder / "a.txt"], store).ok  # the same file is no second brief
    report = ingest([folder], store)
    assert messages(report) == [f"{copy}: holds the same brief as {folder}/a.txt: remove one of them"]
    assert held(store) == {"One": ("a.txt",)}


def test_two_different_briefs_of_one_name_are_a_mistake(store: Store, write_brief: Write, tmp_path: Path):
    folder = write_brief("a.txt", "How?", "One")
    other = tmp_path / "other" / "a.txt"
    other.parent.mkdir()
    other.write_text((folder / "a.txt").read_text().replace("One", "Two"))
    report = ingest([folder, other], store)
    assert messages(report) == [f"{other}: {folder}/a.txt holds another brief called 'a.txt': rename one of them"]
    assert held(store) == {"One": ("a.txt",)}


def test_a_text_without_a_file_goes_in(store: Store):
    brief = Document("pasted", "standard input", "", "## Papers\nModel: One\nSummary: s\n")
    lines = Document("lines", "standard input", "", json_line("Two"))
    assert ingest([], store, texts=[brief, lines]).briefs == ("pasted", "lines")
    assert messages(ingest([], store, texts=[Document("x", "standard input", "", "Hello")]))[0].startswith(
        "standard input: "
    )


def test_progress_ends_with_everything_done(store: Store, write_brief: Write):
    write_brief("a.txt", "How?", "One", "Two")
    told: list[tuple[int, int]] = []
    ingest([write_brief("b.txt", "Why?", "Three")], store, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (3, 3)


def test_a_brief_that_gives_only_links_gets_our_card(store: Store, tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("## Recommended Models\nModel: MSSNet-RealBlurR\nGitHub: https://github.com/kky7/MSSNet\n")
    ingest([path], store)
    assert "Model card by the Unblur project" in store.sources()[0].text


@pytest.mark.parametrize("brief", bundled_briefs(), ids=lambda brief: brief.name)
def test_a_bundled_brief_is_found_by_its_own_question(brief: Brief, store: Store):
    store.put(brief)
    store.sync()
    assert brief.question
    assert {found.source.title for found in store.search(brief.question)} <= {entry.title for entry in brief.entries}
