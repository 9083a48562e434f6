"""`unblur restore`: photos, or folders of them, made sharper; files in, files out, nothing overwritten unasked."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import UserError

if TYPE_CHECKING:
    from restore.photo import Photo
    from restore.restorer import Progress, Restoration, Restorer

STREAM = "-"


@dataclass(frozen=True)
class Surroundings:
    """What the command takes from the settings."""

    home: Path
    device: str = "auto"
    max_megapixels: float = 64


@dataclass(frozen=True)
class Job:
    """One photo to restore."""

    source: Path | None  # None: standard input
    out: Path | None  # None: standard output
    from_folder: bool = False

    @property
    def shown(self) -> str:
        return str(self.source or "standard input")


@dataclass(frozen=True)
class Wishes:
    """How the photos are to be restored."""

    checkpoint: str | None = None
    enlarge: int = 1
    strength: float = 1.0
    format: str | None = None
    overwrite: bool = False
    skip_existing: bool = False


@dataclass
class Report:
    """What became of the photos, for people and as JSON."""

    restored: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)


def surroundings() -> Surroundings:
    """The settings that concern photos."""
    from bot.settings import load_settings

    settings = load_settings()
    return Surroundings(settings.home, settings.device, settings.max_megapixels)


def complete_checkpoint(beginning: str) -> list[str]:
    """Names of checkpoints for the shell's completion."""
    from restore.registry import checkpoints

    return [name for name in checkpoints(surroundings().home) if name.startswith(beginning)]


def restore(
    sources: Annotated[list[str], typer.Argument(metavar="IN...", help="Photos, folders of photos, or - (stdin).")],
    out: Annotated[str, typer.Option("-o", "--out", metavar="OUT", help="A file, a folder, or - (stdout).")],
    checkpoint: Annotated[
        str | None, typer.Option(help="The weights to run.", autocompletion=complete_checkpoint)
    ] = None,
    enlarge: Annotated[int, typer.Option(min=1, max=4, help="Times as wide and high (Lanczos, then the network).")] = 1,
    strength: Annotated[float, typer.Option(min=0, max=1, help="0 leaves the photo, 1 is the network's result.")] = 1.0,
    form: Annotated[
        str | None, typer.Option("--format", help="Format for standard output: jpg, png, … (default: as it came).")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")] = False,
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help="Leave results that exist.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no report on standard error.")] = False,
) -> None:
    """Make photos sharper; the photos themselves are never touched.

    \b
    unblur restore holiday.jpg -o holiday-sharp.jpg
    unblur restore photos/ -o sharp/ --skip-existing
    unblur restore small.png -o large.png --enlarge 3
    cat a.jpg | unblur restore - -o - > b.jpg
    """
    from restore.errors import RestoreError

    wishes = Wishes(checkpoint, enlarge, strength, form, overwrite, skip_existing)
    if out == STREAM and as_json:
        raise UserError("-o - and --json both want standard output: choose one of them")
    try:
        status = restore_all(sources, out, wishes, surroundings(), as_json=as_json, quiet=quiet)
    except RestoreError as error:
        raise UserError(str(error)) from error
    raise typer.Exit(status)


def restore_all(
    sources: list[str], out: str, wishes: Wishes, around: Surroundings, *, as_json: bool = False, quiet: bool = False
) -> int:
    """Restore every photo; returns 0, or 1 when some of several failed.

    Raises UserError or RestoreError for what stops everything: wishes that contradict each other, a lone bad photo,
    an unknown checkpoint.
    """
    if wishes.overwrite and wishes.skip_existing:
        raise UserError("--overwrite and --skip-existing contradict each other: choose one of them")
    jobs = plan(sources, out)
    report = Report()
    several = len(jobs) > 1 or any(job.from_folder for job in jobs)
    worker = _Worker(wishes, around, report, quiet)
    from restore.errors import RestoreError

    for number, job in enumerate(jobs, 1):
        try:
            worker.do(job, f"{number}/{len(jobs)} " if several else "")
        except (RestoreError, UserError, MemoryError) as error:
            if not several or worker.hopeless:
                raise
            report.failed.append({"in": job.shown, "error": str(error) or "it takes more memory than there is"})
            _tell(f"error: {job.shown}: {report.failed[-1]['error']}", quiet=False)
    if several:
        _tell(_summary(report), quiet)
    if as_json:
        print(json.dumps(vars(report), ensure_ascii=False, indent=2))
    return 1 if report.failed else 0


def plan(sources: list[str], out: str) -> list[Job]:
    """Which photo goes where; raises UserError when that cannot be told or would lose something."""
    jobs = [job for source in sources for job in _jobs_of(source, out, several=len(sources) > 1)]
    if not jobs:
        raise UserError(f"there is no photo in {', '.join(sources)}: give photos, or a folder that holds some")
    taken: dict[Path, Job] = {}
    for job in jobs:
        if job.out is None:
            if len(jobs) > 1:
                raise UserError(f"standard output takes one photo, not {len(jobs)}: give -o a folder")
            continue
        earlier = taken.setdefault(job.out.resolve(), job)
        if earlier is not job:
            raise UserError(
                f"{earlier.shown} and {job.shown} would both become {job.out}: restore them into two folders"
            )
    return jobs


def _jobs_of(source: str, out: str, several: bool) -> Iterator[Job]:
    from restore.photo import FORMATS

    to_stream, target = out == STREAM, Path(out)
    if source == STREAM:
        if several or (not to_stream and target.is_dir()):
            raise UserError("a photo from standard input needs a name: give -o a file, or -")
        yield Job(None, None if to_stream else target)
        return
    path = Path(source)
    if path.is_dir():
        if to_stream or target.is_file():
            raise UserError(f"{source} is a folder: give -o a folder, too")
        for photo in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in photo.relative_to(path).parts)
            ours = target.resolve() != path.resolve() and photo.resolve().is_relative_to(target.resolve())
            if photo.suffix.lower() in FORMATS and photo.is_file() and not hidden and not ours:
                yield Job(photo, target / photo.relative_to(path), from_folder=True)
        return
    into_folder = several or target.is_dir() or out.endswith(("/", os.sep))
    yield Job(path, None if to_stream else target / path.name if into_folder else target)


class _Worker:
    """Restores one photo after the other, loading the network when the first is ready for it."""

    def __init__(self, wishes: Wishes, around: Surroundings, report: Report, quiet: bool) -> None:
        self._wishes, self._around, self._report, self._quiet = wishes, around, report, quiet
        self._restorer: Restorer | None = None
        self.hopeless = False  # no photo could be restored, whichever it is

    def do(self, job: Job, prefix: str) -> None:
        """Restore one photo and report it; raises RestoreError or UserError when it fails."""
        if job.out is not None and not self._is_wanted(job, job.out):
            return
        photo = self._read(job)
        if photo.ours and job.from_folder:
            self._skip(job, "Unblur restored it already")
            return
        form = self._format(job, photo)
        restorer = self._loaded()
        with _progress(prefix + job.shown, self._quiet) as show:
            restoration = restorer.restore(
                photo.image, self._wishes.enlarge, strength=self._wishes.strength, progress=show
            )
        notes = (*photo.notes, *self._write(job, restoration, form))
        self._report.restored.append(_as_data(job, restoration, notes))
        _tell(_line(job, restoration), self._quiet)
        for note in notes:
            _tell(f"note: {job.shown}: {note}", self._quiet)

    def _is_wanted(self, job: Job, out: Path) -> bool:
        if job.source is not None and out.exists() and job.source.exists() and out.samefile(job.source):
            raise UserError(f"{out} is the photo itself: choose another name, so nothing is lost")
        if out.exists() and self._wishes.skip_existing:
            self._skip(job, f"{out} exists")
            return False
        if out.exists() and not self._wishes.overwrite:
            raise UserError(f"{out} exists: give --overwrite to replace it, or --skip-existing to leave it")
        return True

    def _read(self, job: Job) -> "Photo":
        from restore.decoder import LARGEST_FILE_MIB
        from restore.photo import read_photo

        source = job.source if job.source is not None else sys.stdin.buffer.read(LARGEST_FILE_MIB * 2**20 + 1)
        return read_photo(source, self._around.max_megapixels)

    def _format(self, job: Job, photo: "Photo") -> str:
        from restore.photo import format_for

        if job.out is not None:
            return format_for(job.out)
        return format_for(Path(f"photo.{self._wishes.format.lstrip('.')}")) if self._wishes.format else photo.format

    def _write(self, job: Job, restoration: "Restoration", form: str) -> tuple[str, ...]:
        from restore.photo import encode_photo, write_photo

        if job.out is None:
            encoded = io.BytesIO()
            notes = encode_photo(restoration.image, encoded, form)
            sys.stdout.buffer.write(encoded.getbuffer())
            sys.stdout.buffer.flush()
            return notes
        try:
            job.out.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write into {job.out.parent}: {error.strerror or error}") from error
        return write_photo(restoration.image, job.out, overwrite=self._wishes.overwrite)

    def _loaded(self) -> "Restorer":
        if self._restorer is None:
            self.hopeless = True
            from restore.registry import choose

            choice = choose(self._wishes.checkpoint, self._around.home)
            if choice.note:
                _tell(f"note: {choice.note}", self._quiet)
            # torch's idle threads sleep instead of spinning: beside other work, spinning costs several times the time
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
            from restore.restorer import Restorer

            self._restorer = Restorer(
                choice.checkpoint, device=self._around.device, max_megapixels=self._around.max_megapixels
            )
            self.hopeless = False
        return self._restorer

    def _skip(self, job: Job, why: str) -> None:
        self._report.skipped.append({"in": job.shown, "why": why})
        _tell(f"skipped {job.shown}: {why}", self._quiet)


@contextmanager
def _progress(shown: str, quiet: bool) -> Iterator[Callable[["Progress"], None] | None]:
    """A bar of tiles with the time left on standard error; none when it is quiet or nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(shown, total=None, left="")

        def show(step: "Progress") -> None:
            left = "" if step.remaining_s is None else f"{step.remaining_s:.0f} s left"
            bar.update(task, completed=step.done, total=step.total, left=left)

        yield show


def _as_data(job: Job, restoration: "Restoration", notes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "in": STREAM if job.source is None else str(job.source),
        "out": STREAM if job.out is None else str(job.out),
        "width": restoration.width,
        "height": restoration.height,
        "enlarge": restoration.enlarge,
        "strength": restoration.strength,
        "checkpoint": restoration.checkpoint,
        "tiles": restoration.tiles,
        "seconds": round(restoration.seconds, 3),
        "sharpness_before": round(restoration.sharpness_before, 2),
        "sharpness_after": round(restoration.sharpness_after, 2),
        "notes": list(notes),
    }


def _line(job: Job, restoration: "Restoration") -> str:
    tiles = f"{restoration.tiles} tile{'s' if restoration.tiles > 1 else ''}"
    return (
        f"{job.out or 'standard output'}: {restoration.width} x {restoration.height}, {tiles}, "
        f"{restoration.seconds:.1f} s, weights {restoration.checkpoint}"
    )


def _summary(report: Report) -> str:
    counts = f"{len(report.restored)} restored, {len(report.skipped)} skipped, {len(report.failed)} failed"
    names = ", ".join(failed["in"] for failed in report.failed)
    return f"{counts}: {names}" if names else counts


def _tell(message: str, quiet: bool) -> None:
    if not quiet:
        print(message, file=sys.stderr)
