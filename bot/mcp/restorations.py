"""Restorations that run beside the requests that began them, each under an id of its owner's."""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.errors import UserError
from bot.photos.album import Result

if TYPE_CHECKING:
    from restore.restorer import Progress

_MOST = 1000  # remembered restorations; the oldest that are done are forgotten


@dataclass
class Job:
    """One restoration, running or done."""

    owner: str
    thread: str
    photo: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    result: Future[Result] = field(default_factory=Future)
    progress: "Progress | None" = None  # after the last tile that is done

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return 1.0 if self.result.done() else self.progress.done / self.progress.total if self.progress else 0.0


class Restorations:
    """Starts restorations and finds them again."""

    def __init__(self, most_running: int) -> None:
        """most_running: restorations of one owner that may wait or run at once."""
        self._most_running = most_running
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, owner: str, thread: str, photo: str, work: Callable[[Job], Result]) -> Job:
        """Begin `work` in the background; raises UserError when too many of the owner's run already."""
        job = Job(owner, thread, photo)
        with self._lock:
            running = sum(one.owner == owner and not one.result.done() for one in self._jobs.values())
            if running >= self._most_running:
                raise UserError(f"{running} of your restorations run already: wait until one is done, then try again")
            self._jobs[job.id] = job
            for old in [one for one in self._jobs.values() if one.result.done()][: max(len(self._jobs) - _MOST, 0)]:
                del self._jobs[old.id]
        threading.Thread(target=_run, args=(job, work), name="restoration", daemon=True).start()
        return job

    def get(self, job_id: str, owner: str) -> Job:
        """A restoration of the owner's; raises UserError when they have none of that id."""
        job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise UserError(
                f"there is no restoration {job_id[:40]!r} of yours: take the id that restore_photo gave, "
                "and begin anew when the server was started again since"
            )
        return job

    def any_running(self) -> bool:
        """Whether a restoration is not done yet."""
        with self._lock:
            return any(not job.result.done() for job in self._jobs.values())


def _run(job: Job, work: Callable[[Job], Result]) -> None:
    try:
        job.result.set_result(work(job))
    except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
        job.result.set_exception(error)
