"""Decode a stranger's photo, as a script in a child process with limits.

Usage: decode_child.py MEMORY_MIB CPU_S MAX_PIXELS < FILE. Prints a line of JSON, then (unless it says
"error") the colour profile, the EXIF data and the pixels, row after row, with the lengths that the line tells.
The photo comes upright, in one of the modes L, LA, RGB, RGBA, I;16 and CMYK.
"""

import json
import sys
from pathlib import Path
from typing import IO, Any, cast

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

DECODERS = (  # and no other of Pillow's
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    AvifImagePlugin.AvifImageFile,
    TiffImagePlugin.TiffImageFile,
    BmpImagePlugin.BmpImageFile,
    GifImagePlugin.GifImageFile,
)
FORMATS = [decoder.format for decoder in DECODERS]
PROCESSED_BY = 0x000B  # EXIF ProcessingSoftware: where we leave our name
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis")
STRIP_BYTES = 2**22

# How the pixels lie in the file, not what the photo shows; a copy in another format must not claim it
STRUCTURAL_TAGS = {
    *range(0x00FE, 0x0108), 0x0111, 0x0112, 0x0115, 0x0116, 0x0117, 0x011A, 0x011B, 0x011C, 0x0128, 0x013D,
    *range(0x0140, 0x0146), 0x014A, 0x0152, 0x0153, 0x015B, 0x0201, 0x0202, *range(0x0211, 0x0215),
    0x02BC, 0x83BB, 0x8649, 0x8773, PROCESSED_BY,
}  # fmt: skip


class RefusedError(Exception):
    """The photo is refused; the message says why."""


def limit_this_process(memory_mib: int, cpu_s: int) -> None:
    """Bound address space (beyond what is mapped by now) and processor time, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_mib * 2**20,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def learn_heif() -> bool:
    """Let Pillow read HEIC where the extra for it is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener(thumbnails=False)
    return True


def open_photo(file: IO[bytes], heif: bool) -> Image.Image:
    """Read a photo's header; raises RefusedError for anything but the allowed formats."""
    head = file.read(32)
    length = file.seek(0, 2)
    file.seek(0)
    if not length:
        raise RefusedError("the file is empty")
    if not heif and head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        raise RefusedError("HEIC photos need an extra: pip install 'unblur[heic]', or save it as JPEG first")
    try:
        return Image.open(file, formats=[*FORMATS, "HEIF"] if heif else FORMATS)
    except Exception as error:
        names = "JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF" + (", HEIC" if heif else "")
        raise RefusedError(f"it is no photo that can be read ({names}), or it is damaged") from error


def refuse_by_size(image: Image.Image, file_bytes: int, max_pixels: int) -> None:
    """Raise RefusedError for a photo too large, or one that declares more pixels than its bytes can hold."""
    width, height = image.size
    if width * height > max_pixels:
        raise RefusedError(
            f"it has {width * height / 1e6:.1f} megapixels ({width} x {height}), more than the limit of "
            f"{max_pixels / 1e6:g}: make it smaller first, or raise UNBLUR_MAX_MEGAPIXELS"
        )
    blocks = -(-width // 8) * -(-height // 8)
    if image.format in ("JPEG", "MPO") and file_bytes * 8 < blocks:
        # each block of 8x8 px takes a bit at least; libjpeg would fill what is missing with grey
        raise RefusedError(
            f"it declares {width} x {height} pixels, but {file_bytes} bytes cannot hold them: it is truncated"
        )


def upright_pixels(image: Image.Image, notes: list[str]) -> Image.Image:
    """Decode the pixels and turn them upright; raises RefusedError when they are not all there."""
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:100]
        raise RefusedError(f"its pixels cannot be decoded, it is truncated or damaged ({reason})") from error
    try:
        return ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a broken EXIF block provokes nearly anything
        notes.append("its EXIF data is damaged and was left out")
        return image


def in_a_plain_mode(image: Image.Image, notes: list[str]) -> Image.Image:
    """Turn palettes and rarer modes into L, LA, RGB, RGBA, I;16 or CMYK; raises RefusedError where none fits."""
    mode, transparent = image.mode, "transparency" in image.info
    if mode in ("RGB", "L"):
        return image.convert(mode + "A") if transparent else image
    if mode in ("LA", "RGBA", "CMYK"):
        return image
    if mode == "I;16":
        if transparent:
            notes.append("the transparent grey value of 16 bits was left out")
        return image
    if mode in ("P", "PA", "RGBa", "La"):
        return image.convert("LA" if mode == "La" else "RGBA" if transparent or mode != "P" else "RGB")
    if mode == "1":
        return image.convert("L")
    if mode in ("RGBX", "YCbCr", "HSV"):
        return image.convert("RGB")
    if mode == "LAB":
        image.info.pop("icc_profile", None)
        converted = ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if converted is not None:
            return converted
    if mode.startswith("I;16"):
        return image.convert("I").convert("I;16")
    if mode == "I":
        darkest, lightest = cast(tuple[int, int], image.getextrema())
        if darkest >= 0 and lightest <= 65535:
            return image.convert("I;16")
    raise RefusedError(f"its pixels are of a kind that cannot be restored ({mode}): save it with 8 or 16 bits first")


def kept_exif(exif: Image.Exif) -> bytes:
    """What the EXIF data says about the photo, without orientation, thumbnail and pixel layout."""
    kept = Image.Exif()
    for tag, value in exif.items():
        if tag not in STRUCTURAL_TAGS and tag not in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            kept[tag] = value
    for ifd in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if values := exif.get_ifd(ifd):
            kept.get_ifd(ifd).update(values)
    return (
        kept.tobytes()
        if len(kept) or any(kept.get_ifd(ifd) for ifd in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo))
        else b""
    )


def metadata(image: Image.Image, notes: list[str]) -> tuple[bytes, bool]:
    """The EXIF data to keep, and whether the photo is one that we wrote."""
    comment = image.info.get("comment", b"")
    ours = isinstance(comment, bytes) and comment.startswith(b"Unblur")
    try:
        exif = image.getexif()
        return kept_exif(exif), ours or str(exif.get(PROCESSED_BY, "")).startswith("Unblur")
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a broken EXIF block provokes nearly anything
        notes.append("its EXIF data is damaged and was left out")
        return b"", ours


def resolution(image: Image.Image) -> list[float] | None:
    """Dots per inch, where the photo tells them sensibly."""
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return [x, y] if 0 < x < 1e5 and 0 < y < 1e5 else None


def decode(file: IO[bytes], max_pixels: int, heif: bool, out: IO[bytes]) -> None:
    """Write the photo in `file` to `out`; raises RefusedError before anything is written."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked first, with a clearer word
    GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_FIRST
    notes: list[str] = []
    with open_photo(file, heif) as image:
        refuse_by_size(image, file.seek(0, 2), max_pixels)
        form = "JPEG" if image.format == "MPO" else image.format
        if image.mode in ("RGB", "RGBA") and any(";16" in str(tile) for tile in getattr(image, "tile", [])):
            notes.append("its colours were reduced from 16 to 8 bits")
        # decoding takes the EXIF data of a TIFF away; a broken PNG must not be asked for its own before it is decoded
        early = metadata(image, notes) if form == "TIFF" else None
        upright = upright_pixels(image, notes)
        icc = upright.info.get("icc_profile") or b""
        plain = in_a_plain_mode(upright, notes)
        if plain.info.get("icc_profile") is None:
            icc = b""
        exif, ours = early or metadata(upright, notes)
        if form != "JPEG" and getattr(image, "is_animated", False):
            notes.append("only the first picture of the file was restored")
    header: dict[str, Any] = {
        "format": form, "mode": plain.mode, "size": plain.size, "icc": len(icc), "exif": len(exif),
        "dpi": resolution(upright), "ours": ours, "notes": notes,
    }  # fmt: skip
    out.write(json.dumps(header).encode() + b"\n" + icc + exif)
    rows = max(1, STRIP_BYTES // (plain.width * len(plain.getbands()) * 2))
    for top in range(0, plain.height, rows):
        out.write(plain.crop((0, top, plain.width, min(top + rows, plain.height))).tobytes())


def main() -> None:
    """Read the arguments, limit this process, decode, and say in one line how it went."""
    memory_mib, cpu_s, max_pixels = (int(argument) for argument in sys.argv[1:4])
    heif = learn_heif()
    limit_this_process(memory_mib, cpu_s)
    out = sys.stdout.buffer
    try:
        with open(0, "rb") as file:
            decode(file, max_pixels, heif, out)
    except RefusedError as error:
        out.write(json.dumps({"error": str(error)}).encode() + b"\n")
    except MemoryError:
        out.write(
            json.dumps({"error": "decoding it takes more memory than a photo of its size should"}).encode() + b"\n"
        )
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file provokes becomes a refusal
        out.write(json.dumps({"error": f"it cannot be decoded ({type(error).__name__})"}).encode() + b"\n")


if __name__ == "__main__":
    main()
