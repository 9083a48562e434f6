"""Write a file so that it is there whole or not at all, and never over another one unasked."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(out: Path, overwrite: bool) -> Iterator[Path]:
    """Give a temporary path beside `out`; when the block ends well, what is there becomes `out`.

    Raises FileExistsError when `out` exists and is not to be overwritten, also when it appeared
    meanwhile. Whatever goes wrong, Ctrl-C too, the temporary file is gone and `out` is as it was.
    """
    if not overwrite and out.exists():
        raise FileExistsError(f"{out} exists")
    part = out.with_name(f".{secrets.token_hex(6)}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # the user's umask decides
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        if overwrite:
            part.replace(out)
        else:
            _rename_without_replacing(part, out)
    finally:
        part.unlink(missing_ok=True)


def _rename_without_replacing(part: Path, out: Path) -> None:
    try:
        out.hardlink_to(part)  # unlike a rename, this fails when `out` appeared meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if out.exists():
            raise FileExistsError(f"{out} exists") from None
        part.replace(out)
