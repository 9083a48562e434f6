"""What a browser shows of a photo: PNG without loss, never larger than a screen can use."""

import io

from PIL import Image

from restore.photo import encode_photo

LARGEST_VIEW = 2_560  # px, the longer side; a larger photo is shown smaller, and can be had whole as a download
THUMBNAIL = 480  # px, the longer side


def png_view(image: Image.Image, longest: int = LARGEST_VIEW) -> bytes:
    """The photo as PNG, at most `longest` px a side, with its profile and without its EXIF data."""
    scale = longest / max(image.size)
    view = image
    if scale < 1:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        view = image.resize(size, Image.Resampling.LANCZOS)
    view = view.copy() if view is image else view
    profile = image.info.get("icc_profile")
    view.info = {"icc_profile": profile} if profile else {}
    encoded = io.BytesIO()
    encode_photo(view, encoded, "PNG")
    return encoded.getvalue()
