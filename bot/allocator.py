"""What glibc's allocator is told so that a server's memory returns after work; elsewhere nothing happens.

The allocator keeps freed memory in an arena for each thread that asked at the same time, up to eight a core, and hands
little of it back: twenty people with four restorations held twice the memory afterwards that they had held before
(`benchmarks/load.py`). Source: malloc's manual pages, mallopt(3) and malloc_trim(3).
"""

import ctypes
from functools import cache

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
_ARENAS = 2


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, where it can be told something; None on other systems."""
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
    except (OSError, TypeError):  # TypeError: Windows has no library of the process itself
        return None


def share_arenas() -> bool:
    """Let all threads share a few arenas; to be called before there are threads. True where it was taken."""
    library = _glibc()
    return library is not None and bool(library.mallopt(_ARENA_MAX, _ARENAS))


def hand_back() -> None:
    """Hand memory that nothing holds any more back to the system; some milliseconds."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)
