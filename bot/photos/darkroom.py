"""Where photos are taken in and restored: one at a time, for every conversation, without keeping anybody else waiting."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.allocator import hand_back
from bot.photos.album import Album, Picture, Result, Upload, album_of
from bot.photos.giving_way import giving_way
from bot.photos.leftovers import Claim
from bot.photos.pace import LARGE_MEGAPIXELS, Pace, finishing_s
from bot.settings import Settings
from restore import registry
from restore.errors import PhotoError, RestorationCancelledError
from restore.photo import FORMATS, SUFFIXES, read_photo, write_photo

if TYPE_CHECKING:
    from restore.checkpoint import Checkpoint
    from restore.restorer import Progress, Restorer

_LOOK_EVERY_S = 0.2  # how soon a restoration that waits for its turn notices that it is no longer wanted


class Darkroom:
    """Takes photos in, restores them, and remembers the networks that it loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._restorers: dict[tuple[str, int], Restorer] = {}
        self._pace = Pace()
        self._claim = Claim(settings.photos_folder)
        self._turn = threading.Lock()  # a restoration takes every core: two at once would only take longer

    @property
    def busy(self) -> bool:
        """Whether a photo is being restored."""
        return self._turn.locked()

    def album(self, thread: str) -> Album:
        """The photos of a conversation."""
        return album_of(self._settings.photos_folder, thread)

    def take_in(self, album: Album, upload: Upload) -> Picture:
        """Keep a photo as it came, once it is found to be one; raises PhotoError saying why not."""
        from bot.photos.views import THUMBNAIL, png_view

        self._claim.make()
        photo = read_photo(upload.data, self._settings.max_megapixels)
        picture = album.keep(upload, photo.format, SUFFIXES[photo.format], photo.image.size)
        album.write(f"{picture.id}.view.png", png_view(photo.image))
        album.write(f"{picture.id}.thumb.png", png_view(photo.image, THUMBNAIL))
        return picture

    def restore(
        self,
        album: Album,
        photo: str,
        checkpoint: str | None = None,
        enlarge: int = 1,
        strength: float = 1.0,
        *,
        progress: Callable[["Progress"], None] | None = None,
        waiting: Callable[[], None] | None = None,
        expected: Callable[[float, float], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Restore a photo of an album; the photo itself stays as it is.

        progress: told after every tile. waiting: called once when another photo is restored first. expected: told, before
        the work on a large photo, its megapixels and how many seconds it is likely to take on this machine.
        Raises PhotoError, CheckpointError, ValueError for numbers out of range, or RestorationCancelledError.
        """
        from bot.photos.views import png_view
        from restore.restorer import enlarged

        self._claim.make()
        picture = album.picture(photo)
        choice = registry.choose(checkpoint, self._settings.home)

        def develop(unwanted: Callable[[], bool]) -> Result:
            read = read_photo(album.path(picture.file).read_bytes(), self._settings.max_megapixels)
            restorer = self._restorer(choice.checkpoint)
            megapixels = read.image.width * read.image.height * enlarge**2 / 1e6
            finishing = finishing_s(read.image, FORMATS[Path(picture.file).suffix], enlarge)
            if expected and megapixels >= LARGE_MEGAPIXELS:
                expected(megapixels, self._pace.expected_s(restorer, read.image, enlarge, unwanted) + finishing)
            restoration = restorer.restore(
                read.image, enlarge, strength=strength, progress=_with(finishing, progress), cancelled=unwanted
            )
            self._pace.note(restorer, restoration)
            with _reserved(album) as result_id:
                file = f"{result_id}{Path(picture.file).suffix}"
                notes = write_photo(restoration.image, album.folder / file)
                _stop_if(unwanted)  # a large photo takes its time to write
                if enlarge == 1:  # as the page has shown it since it came
                    before = album.path(f"{picture.id}.view.png").read_bytes()
                else:
                    before = png_view(enlarged(read.image, enlarge, self._settings.max_megapixels))
                album.write(f"{result_id}.before.png", before)
                _stop_if(unwanted)
                album.write(f"{result_id}.after.png", png_view(restoration.image))
            return Result(
                id=result_id, photo=photo, name=_name_of(picture, enlarge), file=file,
                asked_checkpoint=checkpoint, checkpoint=restoration.checkpoint, note=choice.note,
                enlarge=enlarge, strength=strength, width=restoration.width, height=restoration.height,
                tiles=restoration.tiles, seconds=round(restoration.seconds, 2),
                sharpness_before=round(restoration.sharpness_before, 2), sharpness_after=round(restoration.sharpness_after, 2),
                notes=(*read.notes, *notes), measured=choice.checkpoint.measured,
            )  # fmt: skip

        with self._one_at_a_time(waiting, cancelled):
            result = giving_way(develop, cancelled)
        album.keep_result(result)
        return result

    @contextmanager
    def _one_at_a_time(self, waiting: Callable[[], None] | None, cancelled: Callable[[], bool]) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            if waiting:
                waiting()
            while not self._turn.acquire(timeout=_LOOK_EVERY_S):
                if cancelled():
                    raise RestorationCancelledError("the restoration was stopped before it began")
        try:
            yield
        finally:
            hand_back()  # a photo's tensors and the network's are hundreds of megabytes
            self._turn.release()

    def _restorer(self, checkpoint: "Checkpoint") -> "Restorer":
        """The network with these weights, loaded once for each state of its file."""
        from restore.restorer import Restorer

        try:
            key = str(checkpoint.path), checkpoint.path.stat().st_mtime_ns
        except OSError as error:
            raise PhotoError(f"the weights {checkpoint.name} are gone: see `unblur checkpoints`") from error
        if key not in self._restorers:
            if len(self._restorers) >= 3:
                self._restorers.pop(next(iter(self._restorers)))
            self._restorers[key] = Restorer(
                checkpoint, device=self._settings.device, max_megapixels=self._settings.max_megapixels
            )
        return self._restorers[key]


def _with(finishing_s: float, progress: Callable[["Progress"], None] | None) -> Callable[["Progress"], None] | None:
    """`progress`, told also of the time that it takes to write the result down after the last tile."""
    if progress is None:
        return None

    def told(step: "Progress") -> None:
        left = step.remaining_s
        progress(step if left is None else replace(step, remaining_s=left + finishing_s))

    return told


@contextmanager
def _reserved(album: Album) -> Iterator[str]:
    """An id for a result; whatever goes wrong, nothing is left of it."""
    result_id = album.reserve()
    try:
        yield result_id
    except BaseException:
        album.give_up(result_id)
        raise


def _stop_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise RestorationCancelledError("the restoration was stopped while it was written")


def _name_of(picture: Picture, enlarge: int) -> str:
    """What to save the result as: the photo's own name, and that it was restored."""
    stem = Path(picture.name).stem or "photo"
    grown = f"-{enlarge}x" if enlarge > 1 else ""
    return f"{stem}-restored{grown}{Path(picture.file).suffix}"
