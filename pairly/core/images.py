"""The one door for images from outside: looked at, decoded one at a time, made anew.

What comes out holds nothing but pixels: whatever was hidden in the file, appended to it or told
where it was taken is gone. Dimensions are checked on the header, before a pixel is decoded, so
that a decompression bomb costs nothing.
"""

import re
import threading
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["CleanImage", "ImageRefused", "ImageRules", "clean_image"]

JPEG_QUALITY: Final = 85
WEBP_QUALITY: Final = 80
ANIMATION_METHOD: Final = 0
"""The quickest that WebP has: an animation may have hundreds of frames."""

SCANS_MAX: Final = 100
"""As often may a JPEG paint over the whole picture; a usual progressive one does some ten times."""
JPEG_BEGINNING: Final = b"\xff\xd8"
# Those without a length stand for themselves.
JPEG_SEGMENT: Final = re.compile(rb"\xff+([\x02-\xcf\xd9-\xfe])")
START_OF_SCAN, END_OF_IMAGE = b"\xda", b"\xd9"
ENCODINGS: Final = {"JPEG": "JPEG", "MPO": "JPEG", "WEBP": "WEBP"}
"""Telephones write JPEGs with another picture behind the first, which Pillow calls MPO."""

_decoding = threading.Lock()
"""A file of a quarter of a megabyte may decode to half a gigabyte of memory: once at a time."""


class ImageRefused(Exception):
    """``code`` is ``not_an_image``, ``dimensions`` or ``invalid_image``; the text is for people."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRules:
    """What is taken and what becomes of it. ``formats`` are Pillow's names.

    A larger image is made to fit ``stored_side_pixels``. With ``animation_pixels_max`` moving
    images stay moving, if their frames have no more pixels in all; else the first frame is kept.
    """

    formats: tuple[str, ...]
    side_pixels_min: int
    side_pixels_max: int
    stored_side_pixels: int
    pixels_max: int
    animation_pixels_max: int = 0
    always_jpeg: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanImage:
    content: bytes
    content_type: str
    width: int
    height: int


def clean_image(file: IO[bytes], rules: ImageRules) -> CleanImage:
    """Decode and encode again. JPEG stays JPEG, PNG stays PNG, what moves becomes WebP.

    Raises ``ImageRefused``.
    """
    if _scans(file) > SCANS_MAX:
        raise _broken()
    try:
        image = Image.open(file, formats=rules.formats)
    except UnidentifiedImageError as error:
        raise ImageRefused("not_an_image", "This is no image of a kind taken here.") from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(rules) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise _broken() from error
    _check_dimensions(*image.size, rules)
    try:
        with _decoding:
            if rules.animation_pixels_max and _moves(image):
                return _animation(image, rules)
            # Made small before it is turned, so that it is never there twice in full size.
            image.thumbnail((rules.stored_side_pixels,) * 2)
        return _still(ImageOps.exif_transpose(image), image.format or "", rules)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(rules) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _broken() from error


def _scans(file: IO[bytes]) -> int:
    """How often a JPEG paints over the picture: a file of megabytes may do so a hundred thousand
    times, which takes minutes. Leaves the file at its start."""
    file.seek(0)
    content = file.read(len(JPEG_BEGINNING))
    if content == JPEG_BEGINNING:
        content += file.read()
    file.seek(0)
    scans, place = 0, len(JPEG_BEGINNING)
    while segment := JPEG_SEGMENT.search(content, place):
        if segment[1] == END_OF_IMAGE:
            break
        scans += segment[1] == START_OF_SCAN
        place = segment.end()
        place += int.from_bytes(content[place : place + 2], "big")
    return scans


def _broken() -> ImageRefused:
    return ImageRefused("invalid_image", "The image is broken.")


def _check_dimensions(width: int, height: int, rules: ImageRules) -> None:
    least, most = rules.side_pixels_min, rules.side_pixels_max
    if not (least <= width <= most and least <= height <= most):
        raise ImageRefused("dimensions", f"Width and height must be {least} to {most} pixels.")
    if width * height > rules.pixels_max:
        raise _too_many_pixels(rules)


def _too_many_pixels(rules: ImageRules) -> ImageRefused:
    return ImageRefused("dimensions", f"An image may have {rules.pixels_max} pixels at most.")


def _still(image: Image.Image, source: str, rules: ImageRules) -> CleanImage:
    if rules.always_jpeg:
        image, encoding = _on_white(image), "JPEG"
    else:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        encoding = ENCODINGS.get(source, "PNG")
    image.info.clear()
    quality = {"quality": JPEG_QUALITY if encoding == "JPEG" else WEBP_QUALITY}
    encoded = BytesIO()
    image.save(encoded, encoding, optimize=encoding == "JPEG", **quality)
    return _clean(encoded, encoding, image.size)


def _clean(encoded: BytesIO, encoding: str, size: tuple[int, int]) -> CleanImage:
    width, height = size
    return CleanImage(
        content=encoded.getvalue(),
        content_type=f"image/{encoding.lower()}",
        width=width,
        height=height,
    )


def _on_white(image: Image.Image) -> Image.Image:
    """JPEG knows no transparency."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _moves(image: Image.Image) -> bool:
    return image.format in ("GIF", "WEBP") and bool(getattr(image, "is_animated", False))


def _animation(image: Image.Image, rules: ImageRules) -> CleanImage:
    """Frame by frame, so that no more than one of them is decoded at a time. Not made smaller."""
    if max(image.size) > rules.stored_side_pixels:
        most = rules.stored_side_pixels
        raise ImageRefused("dimensions", f"A moving image may be {most} pixels wide and high.")
    durations = _durations(image, rules)
    loop = image.info.get("loop", 1)
    image.seek(0)
    encoded = BytesIO()
    image.save(
        encoded,
        "WEBP",
        save_all=True,
        duration=durations,
        loop=loop,
        quality=WEBP_QUALITY,
        method=ANIMATION_METHOD,
        background=(0, 0, 0, 0),
    )
    return _clean(encoded, "WEBP", image.size)


def _durations(image: Image.Image, rules: ImageRules) -> list[int]:
    """Milliseconds of each frame; all are decoded once, so a broken one is found here.

    Raises ``ImageRefused`` at the first frame too many, which is all that a bomb of frames costs,
    and at one that is larger than the image said it was.
    """
    size, frames_max = image.size, rules.animation_pixels_max // (image.width * image.height)
    durations: list[int] = []
    while True:
        if len(durations) >= frames_max or image.size != size:
            raise ImageRefused("dimensions", "The moving image has too many pixels in all.")
        image.load()
        durations.append(int(image.info.get("duration", 0)) or 100)
        try:
            image.seek(len(durations))
        except EOFError:
            return durations
