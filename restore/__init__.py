"""Photo in, sharper photo out: MSSNet, its checkpoints, tiling, photo files and training.

`from restore import Restorer` is the way in; torch is imported only when a `Restorer` is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restore.photo import Photo, read_photo, write_photo
    from restore.restorer import Progress, Restoration, Restorer

__all__ = ["Photo", "Progress", "Restoration", "Restorer", "read_photo", "write_photo"]

_PHOTO_NAMES = {"Photo", "read_photo", "write_photo"}


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use, so that `import restore` stays quick."""
    if name in _PHOTO_NAMES:
        from restore import photo

        return getattr(photo, name)
    if name in __all__:
        from restore import restorer

        return getattr(restorer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
