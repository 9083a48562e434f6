"""How much one person may use: tries to log in, and photos in an hour."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.errors import UserError

_MOST = 10_000  # keys that are remembered before idle ones are forgotten
_HOUR_S = 3600.0


@dataclass
class _Tries:
    count: int = 0
    last: float = 0.0


@dataclass
class LogInBrake:
    """Lets everybody try to log in a few times, and then once a second.

    A try counts for the name and for the address it comes from; success takes back what was counted.
    """

    free: int = 10
    every_s: float = 1.0
    forget_s: float = 900.0
    clock: Callable[[], float] = time.monotonic
    _tries: dict[str, _Tries] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, keys: Sequence[str]) -> float:
        """0 when it may be tried now, which counts; else how long to wait, in seconds."""
        with self._lock:
            now = self.clock()
            if len(self._tries) > _MOST:
                self._tries = {key: one for key, one in self._tries.items() if now - one.last < self.forget_s}
            all_tries = [self._tries.setdefault(key, _Tries()) for key in keys]
            for one in all_tries:
                if now - one.last >= self.forget_s:
                    one.count = 0
            wait = max(one.last + self.every_s - now if one.count >= self.free else 0.0 for one in all_tries)
            if wait > 0:
                return wait
            for one in all_tries:
                one.count += 1
                one.last = now
            return 0.0

    def succeeded(self, keys: Sequence[str]) -> None:
        """Forget the tries of somebody who proved who they are."""
        with self._lock:
            for key in keys:
                self._tries.pop(key, None)


@dataclass
class HourlyAllowance:
    """So many photos, or briefs, an hour for each owner."""

    most: int
    what: str = "photos"
    clock: Callable[[], float] = time.monotonic
    _taken: dict[str, deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, owner: str, count: int = 1) -> None:
        """Note that `owner` uses so many; raises UserError, noting nothing, when that would be too many."""
        with self._lock:
            now = self.clock()
            if len(self._taken) > _MOST:
                self._taken = {key: times for key, times in self._taken.items() if times and now - times[-1] < _HOUR_S}
            times = self._taken.setdefault(owner, deque())
            while times and now - times[0] >= _HOUR_S:
                times.popleft()
            if len(times) + count > self.most:
                minutes = max(1, round((times[0] + _HOUR_S - now) / 60)) if times else 60
                raise UserError(
                    f"you sent {len(times)} {self.what} within an hour, and {self.most} are taken: "
                    f"try again in {minutes} minute{'' if minutes == 1 else 's'}"
                )
            times.extend([now] * count)
