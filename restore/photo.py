"""Read and write photos so that they come back as they went in: upright, with profile, alpha and EXIF data.

A photo in memory is a Pillow image in one of the modes L, LA, RGB, RGBA, I;16 and CMYK, upright; its metadata
travels in `image.info` under Pillow's names (`icc_profile`, `exif`, `dpi`).
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from PIL import Image, ImageCms

from restore.decoder import decode
from restore.errors import PhotoError
from restore.files import whole_file

DEFAULT_MAX_MEGAPIXELS = 64.0
LARGEST_ENLARGEMENT = 4  # times as wide and high
PROCESSED_BY = 0x000B  # EXIF ProcessingSoftware: where we leave our name, so that we know our own work again
OUR_NAME = "Unblur"

FORMATS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".mpo": "JPEG",
    ".png": "PNG", ".webp": "WEBP", ".avif": "AVIF", ".tif": "TIFF", ".tiff": "TIFF",
    ".bmp": "BMP", ".dib": "BMP", ".gif": "GIF", ".heic": "HEIF", ".heif": "HEIF",
}  # fmt: skip
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "AVIF": ".avif", "TIFF": ".tif", "BMP": ".bmp",
            "GIF": ".gif", "HEIF": ".heic"}  # fmt: skip

# Modes that each format keeps; another one is converted, and the result says so where something is lost
MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("L", "LA", "RGB", "RGBA", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("L", "RGB", "RGBA"),
    "TIFF": ("L", "LA", "RGB", "RGBA", "I;16", "CMYK"),
    "BMP": ("L", "RGB"),
    "GIF": ("L", "RGB", "RGBA"),
    "HEIF": ("L", "LA", "RGB", "RGBA", "I;16"),
}
# As little loss as is sensible: a photo that was sharpened should not be blurred again by its file
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 95, "method": 4},
    "AVIF": {"quality": 92, "speed": 8},
    "HEIF": {"quality": 92},
}


@dataclass(frozen=True)
class Photo:
    """A photo as read from a file."""

    image: Image.Image
    format: str  # Pillow's name: JPEG, PNG, …
    ours: bool = False  # written by us earlier
    notes: tuple[str, ...] = ()  # what could not be kept, a sentence each


def read_photo(source: Path | bytes, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Photo:
    """Read a photo upright, in a child process with limits.

    Raises PhotoError when it is missing, damaged, too large, or none of the formats that we read.
    """
    decoded = decode(source, max_megapixels)
    return Photo(decoded.image, decoded.format, decoded.ours, decoded.notes)


def format_for(out: Path) -> str:
    """The format that a file name asks for; raises PhotoError naming those that can be written."""
    form = FORMATS.get(out.suffix.lower())
    if form is None:
        raise PhotoError(f"cannot tell the format of {out}: end its name in {', '.join(sorted(SUFFIXES.values()))}")
    return form


def write_photo(image: Image.Image, out: Path, *, overwrite: bool = False) -> tuple[str, ...]:
    """Write a photo in the format of the file's name, whole or not at all; returns notes on what was lost.

    Raises PhotoError when `out` exists and is not to be overwritten, or cannot be written.
    """
    form = format_for(out)
    try:
        with whole_file(out, overwrite) as part, part.open("wb") as file:
            return encode_photo(image, file, form)
    except FileExistsError:
        raise PhotoError(f"{out} exists: give --overwrite to replace it, or --skip-existing to leave it") from None
    except OSError as error:
        raise PhotoError(f"cannot write {out}: {error.strerror or error}") from error


def encode_photo(image: Image.Image, file: IO[bytes], form: str) -> tuple[str, ...]:
    """Write a photo to an open file in Pillow's format `form`; returns notes on what was lost.

    Raises PhotoError when the format cannot hold the photo, OSError when the file cannot be written.
    """
    if form == "HEIF":
        _learn_heif()
    fitting, notes = _fitting(image, form)
    try:
        # through memory: Pillow's errors on a full disk vary, ours don't
        encoded = io.BytesIO()
        fitting.save(encoded, form, **OPTIONS.get(form, {}), **_metadata(fitting, form))
    except (OSError, ValueError, RuntimeError, SystemError) as error:
        reason = " ".join(str(error).split())[:100]
        raise PhotoError(f"{form} cannot hold this photo of {image.width} x {image.height} ({reason})") from error
    file.write(encoded.getbuffer())
    return notes


def _learn_heif() -> None:
    try:
        import pillow_heif
    except ImportError:
        raise PhotoError("writing HEIC needs an extra: pip install 'unblur[heic]', or choose another format") from None
    pillow_heif.register_heif_opener()


def _metadata(image: Image.Image, form: str) -> dict[str, Any]:
    """What Pillow is to write beside the pixels."""
    if form == "GIF":
        return {"comment": f"{OUR_NAME} restored this".encode()}
    kept: dict[str, Any] = {}
    if "dpi" in image.info and form in ("JPEG", "PNG", "TIFF", "BMP"):
        kept["dpi"] = image.info["dpi"]
    if form == "BMP":
        return kept
    exif = Image.Exif()
    if "exif" in image.info:
        exif.load(image.info["exif"])
    exif[PROCESSED_BY] = f"{OUR_NAME} {image.info.get('unblur', '')}".strip()
    kept["exif"] = exif.tobytes()
    if image.info.get("icc_profile"):
        kept["icc_profile"] = image.info["icc_profile"]
    return kept


def _fitting(image: Image.Image, form: str) -> tuple[Image.Image, tuple[str, ...]]:
    """The image in a mode that `form` keeps, with notes on what that loses."""
    modes = MODES[form]
    if image.mode in modes:
        return image, ()
    info, notes = dict(image.info), []
    if image.mode == "I;16":
        image = Image.frombytes("L", image.size, _high_bytes(image))
        notes.append(f"{form} holds 8 bits, so the 16 were reduced")
    if image.mode == "CMYK":
        image, info = _printed_colours_on_a_screen(image), {k: v for k, v in info.items() if k != "icc_profile"}
        notes.append(f"{form} holds no CMYK, so the colours were converted to sRGB")
    if image.mode in ("LA", "RGBA") and "RGBA" not in modes and image.mode not in modes:
        backdrop = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(backdrop, image.convert("RGBA")).convert("RGB" if image.mode == "RGBA" else "L")
        notes.append(f"{form} holds no transparency, so the photo stands on white")
    if image.mode not in modes:
        image = image.convert("RGBA" if image.mode == "LA" else "RGB")
    image.info = info
    return image, tuple(notes)


def _high_bytes(image: Image.Image) -> bytes:
    import numpy as np

    values = np.asarray(image).astype(np.uint32)
    return ((values * 255 + 32767) // 65535).astype(np.uint8).tobytes()


def _printed_colours_on_a_screen(image: Image.Image) -> Image.Image:
    """CMYK to sRGB, by the photo's own profile where it has one that works."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (OSError, ImageCms.PyCMSError):
            converted = None  # not a profile of printed colours after all
        if converted is not None:
            return converted
    return image.convert("RGB")
