"""restore/photo.py and restore/decoder.py: photos come back as they went in, and what is no photo is refused."""

import io
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from made import made_photo
from PIL import ExifTags, Image, ImageCms, ImageOps

from restore import decode_child, decoder, files
from restore.errors import PhotoError
from restore.limits import Limits
from restore.photo import MODES, encode_photo, format_for, read_photo, write_photo

LOSSLESS = ["PNG", "TIFF", "BMP"]
WITH_EXIF = ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"]
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(image: Image.Image, form: str, **options) -> bytes:
    written = io.BytesIO()
    if form in ("JPEG", "WEBP", "AVIF"):
        options = {"quality": 95, **options}
    image.save(written, form, **options)
    return written.getvalue()


def read_here(data: bytes) -> decoder.Decoded:
    """Decode as the child does, without the time that starting one takes."""
    said = io.BytesIO()
    decode_child.decode(io.BytesIO(data), 64_000_000, decode_child.learn_heif(), said)
    said.seek(0)
    return decoder.received(said)


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    a, b = (np.asarray(image.convert("RGB")).astype(float) for image in (one, other))
    return float(np.abs(a - b).mean())


def exif_with(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Camera"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:01:02 03:04:05"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", WITH_EXIF)
def test_every_orientation_comes_upright(orientation, form):
    card = made_photo(48, 32)
    lying = Image.new("RGB", (1, 1))
    for turn in [None, *Image.Transpose]:  # the stored picture is the one that the tag turns into the card
        lying = card if turn is None else card.transpose(turn)
        lying.getexif()[ExifTags.Base.Orientation] = orientation
        if difference_or_not(ImageOps.exif_transpose(lying), card):
            break
    lying.info.clear()
    photo = read_here(encoded(lying, form, exif=exif_with(orientation).tobytes()))
    assert photo.image.size == (48, 32)
    assert difference(photo.image, card) < 5
    assert photo.image.getexif().get(ExifTags.Base.Orientation, 1) == 1


def difference_or_not(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and difference(one, other) == 0


@pytest.mark.parametrize("form", WITH_EXIF)
def test_exif_and_profile_survive_reading_and_writing(form, tmp_path):
    data = encoded(made_photo(40, 30), form, exif=exif_with(6).tobytes(), icc_profile=PROFILE)
    out = tmp_path / f"out{ {'JPEG': '.jpg', 'TIFF': '.tif'}.get(form, '.' + form.lower()) }"
    assert write_photo(read_photo(data).image, out) == ()
    again = read_photo(out)
    assert again.ours
    assert again.image.info["icc_profile"] == PROFILE
    exif = again.image.getexif()
    assert exif[ExifTags.Base.Make] == "Camera"
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2020:01:02 03:04:05"
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"
    assert ExifTags.Base.Orientation not in exif


@pytest.mark.parametrize("form", list(MODES))
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16", "CMYK"])
def test_a_mode_that_a_format_keeps_comes_back_and_the_others_say_what_is_lost(form, mode, tmp_path):
    if form == "HEIF":
        pytest.importorskip("pillow_heif")
    photo = made_photo(33, 21, mode)
    written = io.BytesIO()
    notes = encode_photo(photo, written, form)
    again = read_here(written.getvalue())
    assert again.format == form
    assert again.image.size == photo.size
    if form in LOSSLESS and not notes:
        assert np.array_equal(np.asarray(again.image), np.asarray(photo))
    if mode in MODES[form]:
        assert notes == ()
    loses_alpha = mode in ("LA", "RGBA") and form in ("JPEG", "BMP")
    assert any("transparency" in note for note in notes) == loses_alpha


@pytest.mark.parametrize("size", [(17, 23), (1, 1), (4001, 3), (3, 401)])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_odd_sizes_are_read(size, form):
    assert read_here(encoded(made_photo(*size), form)).image.size == size


def test_a_palette_becomes_colours_and_its_transparency_alpha():
    paletted = made_photo(30, 20).quantize(16)
    assert read_photo(encoded(paletted, "PNG")).image.mode == "RGB"
    photo = read_photo(encoded(paletted, "PNG", transparency=0)).image
    assert photo.mode == "RGBA"
    assert set(np.unique(np.asarray(photo)[..., 3])) == {0, 255}


def test_rarer_modes_become_plain_ones():
    assert read_photo(encoded(made_photo(30, 20, "1"), "PNG")).image.mode == "L"
    assert read_photo(encoded(made_photo(30, 20).convert("LAB"), "TIFF")).image.mode == "RGB"
    transparent_grey = encoded(made_photo(30, 20, "L"), "PNG", transparency=7)
    assert read_photo(transparent_grey).image.mode == "LA"


def test_sixteen_bits_of_grey_stay_and_of_colour_are_reduced_saying_so():
    grey = made_photo(30, 20, "I;16")
    assert np.array_equal(np.asarray(read_photo(encoded(grey, "PNG")).image), np.asarray(grey))
    colour = read_photo(png_of_16_bit_colours(5, 4))
    assert colour.image.mode == "RGB"
    assert colour.notes == ("its colours were reduced from 16 to 8 bits",)


def png_of_16_bit_colours(width: int, height: int) -> bytes:
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(range(6)) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_of_a_moving_picture_the_first_is_read_and_it_says_so():
    frames = [made_photo(30, 20, seed=seed) for seed in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert "only the first picture of the file was restored" in read_photo(data).notes


def test_a_damaged_exif_block_costs_the_exif_data_not_the_photo():
    photo = read_photo(encoded(made_photo(30, 20), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"))
    assert photo.image.size == (30, 20)


def test_a_photo_over_the_limit_is_refused_before_it_is_decoded():
    header_only = encoded(Image.new("1", (9000, 9000)), "PNG")[:100]
    with pytest.raises(PhotoError, match=r"81\.0 megapixels .*UNBLUR_MAX_MEGAPIXELS"):
        read_photo(header_only)
    with pytest.raises(PhotoError, match=r"limit of 0\.0005"):
        read_photo(encoded(made_photo(30, 20), "JPEG"), max_megapixels=0.0005)


def hostile_photos() -> dict[str, bytes]:
    """Files that are no photos, or not whole ones."""
    card = made_photo(64, 48)
    jpeg, png = encoded(card, "JPEG"), encoded(card, "PNG")
    claims_more = bytearray(jpeg)
    frame = jpeg.index(b"\xff\xc0")
    claims_more[frame + 5 : frame + 9] = struct.pack(">HH", 7000, 7000)
    files_by_kind = {
        "empty": b"",
        "text": b"hello, I am a photo\n" * 9,
        "web page": b"<html><body>photo.jpg</body></html>",
        "PostScript named .jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "PDF": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "JPEG that declares more than it holds": bytes(claims_more),
        "PNG with a flipped byte": png[:60] + bytes([png[60] ^ 0xFF]) + png[61:],
        "PPM, a format not on the list": encoded(card, "PPM"),
        "ICO, a format not on the list": encoded(card, "ICO"),
        "TIFF of floating-point numbers": encoded(Image.new("F", (9, 9)), "TIFF"),
        "HEIC without its extra or damaged": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40),
    }
    for form in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF"):
        whole = encoded(card, form)
        files_by_kind[f"{form} cut in half"] = whole[: len(whole) // 2]
        files_by_kind[f"{form} cut after the header"] = whole[:40]
    return files_by_kind


@pytest.mark.parametrize("kind", list(hostile_photos()))
def test_what_is_no_whole_photo_is_refused_in_one_line(kind, tmp_path):
    file = tmp_path / "photo.jpg"
    file.write_bytes(hostile_photos()[kind])
    with pytest.raises(PhotoError) as refused:
        read_photo(file)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "Traceback" not in str(refused.value)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then reads or refuses
def test_photos_with_random_damage_are_read_or_refused_and_nothing_else():
    generator = np.random.default_rng(20)
    wholes = [encoded(made_photo(40, 30), form, exif=exif_with(6).tobytes()) for form in WITH_EXIF]
    wholes += [encoded(made_photo(40, 30), form) for form in ("BMP", "GIF")]
    refused = 0
    for number in range(700):
        damaged = bytearray(wholes[number % len(wholes)])
        for _ in range(generator.integers(1, 12)):
            place = generator.integers(len(damaged))
            if generator.random() < 0.7:
                damaged[place] = generator.integers(256)
            else:
                damaged[place : place + 4] = b"\xff\xff\xff\xff"
        try:
            read_here(bytes(damaged))
        except decode_child.RefusedError:
            refused += 1
    assert 50 < refused < 700


@pytest.mark.parametrize("source", [Path("/no/such/photo.jpg"), Path("/")])
def test_a_file_that_is_missing_or_a_folder_is_refused(source):
    with pytest.raises(PhotoError, match=f"cannot read {source}"):
        read_photo(source)


def test_decoding_that_takes_too_long_or_too_much_is_ended_from_outside(monkeypatch, tmp_path):
    data = encoded(made_photo(64, 48), "PNG")
    for limits in (Limits(memory_mib=1600, cpu_s=20, wall_s=0.01), Limits(memory_mib=1, cpu_s=20, wall_s=20)):
        begin = time.monotonic()
        with pytest.raises(PhotoError, match="memory"):
            decoder.decode(
                encoded(Image.new("RGB", (2000, 2000)), "BMP") if limits.memory_mib == 1 else data, 64, limits
            )
        assert time.monotonic() - begin < 10


def test_no_process_but_the_decoder_is_started_and_no_other_format_is_known():
    program = (
        "import sys, subprocess\n"
        "def hook(event, args):\n"
        "    if event in ('subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn'): raise SystemExit('started')\n"
        "sys.addaudithook(hook)\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import io\n"
        "from restore import decode_child\n"
        "eps = b'%!PS-Adobe-3.0 EPSF-3.0\\n%%BoundingBox: 0 0 9 9\\n'\n"
        "try: decode_child.open_photo(io.BytesIO(eps), False)\n"
        "except decode_child.RefusedError: print('refused')\n"
    )
    root = str(Path(decoder.__file__).parent.parent)
    ran = subprocess.run([sys.executable, "-c", program, root], capture_output=True, text=True, check=False)
    assert ran.stdout == "refused\n", ran.stderr


def test_an_existing_file_is_not_overwritten_unasked(tmp_path):
    out = tmp_path / "out.png"
    out.write_bytes(b"precious")
    with pytest.raises(PhotoError, match="--overwrite"):
        write_photo(made_photo(9, 9), out)
    assert out.read_bytes() == b"precious"
    write_photo(made_photo(9, 9), out, overwrite=True)
    assert read_photo(out).image.size == (9, 9)


@pytest.mark.parametrize("failing", ["fsync", "link", "encode", "interrupt", "appeared"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_interrupted_write_leaves_no_half_file_and_what_was_there(failing, overwrite, tmp_path, monkeypatch):
    out = tmp_path / "out.png"
    if overwrite:
        out.write_bytes(b"precious")

    def fail(*args, **kwargs):
        raise KeyboardInterrupt if failing == "interrupt" else OSError(28, "No space left on device")

    def appear(*args, **kwargs):
        out.write_bytes(b"precious")

    if failing in ("fsync", "interrupt", "appeared"):
        monkeypatch.setattr(files.os, "fsync", appear if failing == "appeared" else fail)
    elif failing == "link":
        monkeypatch.setattr(Path, "hardlink_to", fail)
        monkeypatch.setattr(Path, "replace", fail)
    else:
        monkeypatch.setattr(Image.Image, "save", fail)
    if failing == "appeared" and overwrite:
        return
    with pytest.raises(KeyboardInterrupt if failing == "interrupt" else PhotoError):
        write_photo(made_photo(9, 9), out, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == (["out.png"] if overwrite or failing == "appeared" else [])
    assert not out.exists() or out.read_bytes() == b"precious"


def test_a_photo_too_long_for_its_format_is_refused(tmp_path):
    with pytest.raises(PhotoError, match="WEBP cannot hold"):
        write_photo(Image.new("RGB", (17000, 2)), tmp_path / "out.webp")
    assert not list(tmp_path.iterdir())


def test_a_name_without_a_known_ending_is_refused():
    with pytest.raises(PhotoError, match=r"\.png"):
        format_for(Path("photo.xyz"))
