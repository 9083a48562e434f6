"""Long work beside a server's other work: in a thread that lets the others go first."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

_NICENESS = 5  # a thread that competes with it gets three times its share; alone it has all


def giving_way(work: Callable[[Callable[[], bool]], T], cancelled: Callable[[], bool]) -> T:
    """Do `work` in a thread of lower priority, and give what it comes to; its exceptions come out here.

    work: is given a function that says whether its result is still wanted: not once `cancelled` says so, nor once the
    caller has been interrupted while it waited. The threads that `work` starts inherit the priority (Linux; elsewhere
    all are equal).
    """
    interrupted = threading.Event()
    done: Future[T] = Future()

    def unwanted() -> bool:
        return interrupted.is_set() or cancelled()

    def run() -> None:
        _be_nice()
        try:
            done.set_result(work(unwanted))
        except BaseException as error:  # noqa: BLE001 - it is raised where it was waited for
            done.set_exception(error)

    # a daemon: a process that ends need not wait for work that nobody will see
    threading.Thread(target=copy_context().run, args=(run,), name="restoration", daemon=True).start()
    try:
        return done.result()
    except BaseException:
        interrupted.set()
        raise


def _be_nice() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        with suppress(OSError):
            this = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, this, os.getpriority(os.PRIO_PROCESS, this) + _NICENESS)
