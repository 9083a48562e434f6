"""Run a script of ours on a stranger's file in a child process with limits on memory, time and output.

The scripts (`*_child.py`) are run by path and import nothing of ours, so that they start quickly and see
none of the parent's memory. They set their own limits before they touch a byte, and they are killed from
outside when they last too long.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

KEPT_ENVIRONMENT = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Limits:
    """What a child process may use."""

    memory_mib: int  # of address space, beyond what the bare interpreter and its libraries need
    cpu_s: int
    wall_s: float

    def __post_init__(self) -> None:
        if min(self.memory_mib, self.cpu_s, self.wall_s) <= 0:
            raise ValueError(f"{self} leaves a child process nothing to work with: give positive limits")


@contextmanager
def limited_child(
    script: Path, arguments: list[str], stdin: IO[bytes], limits: Limits, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `script` with `stdin` as its standard input; it is dead when the block is left.

    The script gets the limits as its first two arguments (MiB, seconds of processor), then `arguments`.
    `environment`: the caller's; only what an interpreter needs to start is handed on, no key and no secret.
    """
    child = subprocess.Popen(
        [sys.executable, "-P", str(script), str(limits.memory_mib), str(limits.cpu_s), *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={
            **{name: environment[name] for name in KEPT_ENVIRONMENT if name in environment},
            "MALLOC_ARENA_MAX": "2",  # each further arena reserves 64 MiB of the address space
            "OMP_NUM_THREADS": "1",
        },
    )
    watchdog = threading.Timer(limits.wall_s, child.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield child
    finally:
        watchdog.cancel()
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
