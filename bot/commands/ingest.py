"""`unblur ingest`: briefs into the store, with a bar and a report."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import UserError
from bot.opening import embedder, opened_store, tell
from bot.settings import Settings, load_settings
from ingest.documents import Document, decode
from ingest.pipeline import Report
from ingest.pipeline import ingest as put_in
from ingest.problems import BriefError
from store.errors import StoreError
from store.store import open_for_re_embedding

Progress = Callable[[int, int], None]


def ingest(paths: list[str], *, prune: bool, re_embed: bool, as_json: bool, quiet: bool) -> int:
    """Ingest paths, `-` standing for standard input; returns 0, or 2 when something stayed out."""
    settings = load_settings()
    if re_embed:
        _re_embed(settings, quiet)
    if not paths:
        if re_embed:
            return 0
        raise UserError("there is nothing to ingest: give briefs or folders of them, as in `unblur ingest briefs/`")
    texts = [_standard_input()] if "-" in paths else []
    files = [Path(path) for path in paths if path != "-"]
    with opened_store(settings, fill=False) as store, bar("ingesting", quiet) as progress:
        report = put_in(files, store, texts=texts, prune=prune, progress=progress)
    for problem in report.problems:
        tell(f"error: {problem}")
    if as_json:
        print(json.dumps(_as_data(report), ensure_ascii=False, indent=2))
    elif not quiet:
        tell(_summary(report))
    return 0 if report.ok else 2


def _standard_input() -> Document:
    try:
        return Document("standard-input.txt", "standard input", "", decode(sys.stdin.buffer.read(), "standard input"))
    except BriefError as error:
        raise UserError(str(error)) from error


def _re_embed(settings: Settings, quiet: bool) -> None:
    try:
        store = open_for_re_embedding(settings.store_folder, embedder(settings), tell, chroma_url=settings.chroma_url)
        try:
            with bar("embedding", quiet) as progress:
                count = store.re_embed(progress)
        finally:
            store.close()
    except StoreError as error:
        raise UserError(str(error)) from error
    tell(f"embedded {count} sources again with {settings.embedding_model}")


@contextmanager
def bar(doing: str, quiet: bool) -> Iterator[Progress | None]:
    """A progress bar on standard error; none when it is quiet or nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(doing, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _as_data(report: Report) -> dict[str, object]:
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "briefs": list(report.briefs),
        "forgotten": list(report.forgotten),
        "problems": [{"file": p.file, "line": p.line, "message": p.message} for p in report.problems],
    }


def _summary(report: Report) -> str:
    counts = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, {report.removed} removed"
    left_out = f"; {len(report.problems)} problem(s) above" if report.problems else ""
    return f"{len(report.briefs)} brief(s): {counts}{left_out}"
