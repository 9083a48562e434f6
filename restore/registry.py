"""The checkpoints at hand, by name: bundled with the package, or added by the user under a home folder."""

import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from restore.checkpoint import Checkpoint, digest, import_weights, read_checkpoint
from restore.errors import CheckpointError

BUNDLED_FOLDER = Path(__file__).with_name("checkpoints")
DEFAULT_NAME = "compact"
_DIGEST = re.compile(r"SHA-256 `([0-9a-f]{64})`")  # in a bundled checkpoint's card
NAME_RULE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

# What documents call the authors' weights, in small letters without separators
ALIASES = {
    "deblurmssnetrealblurj": "realblur-j",
    "mssnetrealblurj": "realblur-j",
    "realblurj": "realblur-j",
    "deblurmssnetrealblurr": "realblur-r",
    "mssnetrealblurr": "realblur-r",
    "realblurr": "realblur-r",
    "deblurmssnetgopro": "gopro",
    "mssnetgopro": "gopro",
}
OFFICIAL_NAMES = ("gopro", "realblur-j", "realblur-r")


@dataclass(frozen=True)
class Official:
    """A file that the authors of MSSNet share."""

    name: str
    drive_id: str

    @property
    def url(self) -> str:
        """Where a person can download it."""
        return f"https://drive.google.com/file/d/{self.drive_id}/view"


OFFICIAL_FILES = {
    "gopro": Official("gopro", "1DFYjlW6uCGIoND2fqE03_ZzSl3Kt73Ul"),
    "realblur": Official("realblur", "1sXFzGosChS-nBd5k4zxVxTAm68sfCY_o"),
}


@dataclass(frozen=True)
class Choice:
    """The checkpoint that runs, and a sentence when it is not the one asked for."""

    checkpoint: Checkpoint
    note: str = ""


def checkpoint_folder(home: Path) -> Path:
    """Where the user's own checkpoints lie."""
    return home / "checkpoints"


def canonical_name(name: str) -> str:
    """`Deblur-MSSNet-RealBlurJ` -> `realblur-j`; other names in small letters."""
    small = name.strip().lower()
    return ALIASES.get(re.sub(r"[^a-z0-9]", "", small), small)


def checkpoints(home: Path | None = None) -> dict[str, Checkpoint]:
    """Every readable checkpoint at hand, bundled ones first; the default one leads."""
    folders = [BUNDLED_FOLDER] if home is None else [BUNDLED_FOLDER, checkpoint_folder(home)]
    found: dict[str, Checkpoint] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.safetensors"), key=lambda path: (path.stem != DEFAULT_NAME, path.stem)):
            try:
                found.setdefault(path.stem, read_checkpoint(path))
            except CheckpointError:
                continue  # `damaged` names it; one bad file hides no other
    return found


def damaged(home: Path) -> dict[str, str]:
    """The user's checkpoint files that cannot be read, by name, with the reason."""
    reasons: dict[str, str] = {}
    for path in sorted(checkpoint_folder(home).glob("*.safetensors")):
        try:
            read_checkpoint(path)
        except CheckpointError as error:
            reasons[path.stem] = str(error)
    return reasons


def altered(folder: Path = BUNDLED_FOLDER) -> dict[str, str]:
    """The bundled checkpoints that are not what their cards describe, by name, with the reason."""
    reasons: dict[str, str] = {}
    for card in sorted(folder.glob("*.md")):
        weights, recorded = card.with_suffix(".safetensors"), _DIGEST.search(card.read_text(encoding="utf-8"))
        if not weights.is_file():
            reasons[card.stem] = "is missing"
        elif recorded and digest(weights) != recorded[1]:
            reasons[card.stem] = f"is not what its card describes (SHA-256 {recorded[1][:12]}… was expected)"
    return reasons


def find(name: str, home: Path | None = None) -> Checkpoint:
    """The checkpoint of this name or alias; raises CheckpointError listing those at hand."""
    at_hand = checkpoints(home)
    found = at_hand.get(canonical_name(name))
    if found is None:
        raise CheckpointError(
            f"there is no checkpoint {name!r}: choose one of {', '.join(at_hand) or 'none at hand'}, "
            "or add one with `unblur checkpoints add FILE --name NAME`"
        )
    return found


def choose(name: str | None = None, home: Path | None = None) -> Choice:
    """The checkpoint to run: the one asked for, or the bundled one where official weights are not at hand.

    Raises CheckpointError for any other unknown name.
    """
    if name is None:
        return Choice(find(DEFAULT_NAME, home))
    wanted = canonical_name(name)
    at_hand = checkpoints(home)
    if wanted in at_hand:
        return Choice(at_hand[wanted])
    if wanted.startswith("realblur-") and "realblur" in at_hand:
        return Choice(at_hand["realblur"], f"the authors' RealBlur weights ran; {wanted} by itself is not at hand")
    if wanted in OFFICIAL_NAMES or wanted in OFFICIAL_FILES:
        bundled = find(DEFAULT_NAME, home)
        fetched = "gopro" if wanted == "gopro" else "realblur"
        return Choice(
            bundled,
            f"the authors' weights {wanted} are not at hand, so the bundled {bundled.name} ran: "
            f"get them with `unblur checkpoints fetch {fetched}`",
        )
    return Choice(find(name, home))


def add(file: Path, name: str, home: Path, *, origin: str | None = None, overwrite: bool = False) -> Checkpoint:
    """Take a stranger's weights into the user's checkpoints; raises CheckpointError when they are refused."""
    name = canonical_name(name)
    if not NAME_RULE.fullmatch(name):
        raise CheckpointError(f"cannot name a checkpoint {name!r}: use letters, digits, '-', '_' and '.', at most 64")
    if name in checkpoints():
        raise CheckpointError(f"{name} is the name of a bundled checkpoint: choose another with --name")
    out = checkpoint_folder(home) / f"{name}.safetensors"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return import_weights(file, out, origin=origin or f"added from {file.name}", overwrite=overwrite)
    except FileExistsError:
        raise CheckpointError(f"there is a checkpoint {name} already: choose another --name, or --overwrite") from None
    except OSError as error:
        raise CheckpointError(f"cannot write {out}: {error.strerror or error}") from error


def by_hand(official: Official) -> str:
    """What to do where the file cannot be downloaded from here."""
    name = "gopro" if official.name == "gopro" else "realblur-j"
    return f"download {official.url} in a browser, then run `unblur checkpoints add FILE --name {name}`"


def download(official: Official, out: Path) -> None:
    """Fetch an official file from Google Drive with gdown; raises CheckpointError saying what to do instead."""
    try:
        import gdown
    except ImportError:
        raise CheckpointError(
            f"cannot download without gdown (pip install gdown): install it, or {by_hand(official)}"
        ) from None
    try:
        fetched = gdown.download(id=official.drive_id, output=str(out), quiet=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise CheckpointError(f"the download failed ({reason}): {by_hand(official)}") from error
    if fetched is None or not out.is_file():
        raise CheckpointError(f"the download failed (no network, or Google Drive's quota): {by_hand(official)}")


def fetch(
    which: str, home: Path, *, overwrite: bool = False, get: Callable[[Official, Path], None] = download
) -> list[Checkpoint]:
    """Download the authors' `gopro` or `realblur` weights and add them; returns what was added."""
    official = OFFICIAL_FILES.get(which.lower())
    if official is None:
        raise CheckpointError(f"cannot fetch {which!r}: the authors share {' and '.join(OFFICIAL_FILES)}")
    origin = f"the authors' {official.name} weights, {official.url}"
    with tempfile.TemporaryDirectory(prefix="unblur-") as folder:
        file = Path(folder) / "download"
        get(official, file)
        return [
            add(part, name, home, origin=origin, overwrite=overwrite)
            for name, part in _weights_files(official, file, Path(folder)).items()
        ]


def _weights_files(official: Official, file: Path, folder: Path) -> dict[str, Path]:
    """The weights in a download by the name to add them under: the file itself, or those in an archive of several."""
    if not zipfile.is_zipfile(file):
        return {official.name: file}
    found: dict[str, Path] = {}
    with zipfile.ZipFile(file) as archive:
        inner = [entry for entry in archive.infolist() if entry.filename.lower().endswith((".pt", ".pth"))]
        if not inner:
            return {official.name: file}  # torch's own files are zip archives, too
        for number, entry in enumerate(inner):
            small = re.sub(r"[^a-z0-9]", "", entry.filename.lower())
            kind = re.search(r"realblur([jr])", small)
            name = f"realblur-{kind[1]}" if kind else official.name
            if name in found or entry.file_size > 2**31:
                continue
            found[name] = folder / f"part{number}"
            with archive.open(entry) as source, found[name].open("wb") as target:
                while block := source.read(2**20):
                    target.write(block)
    return found
