"""Profile photos: looked at, made anew without their metadata, stored."""

import threading
from io import BytesIO
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

from pairly.accounts.errors import PhotoTooLarge, PhotoTypeUnsupported
from pairly.accounts.models import User
from pairly.core.db import change_one, on_commit, run_atomic
from pairly.core.errors import Conflict, ValidationFailed
from pairly.core.ids import new_id

__all__ = ["delete_photo_file", "set_photo"]

FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 85

_decoding = threading.Lock()
"""A file of a quarter of a megabyte may decode to half a gigabyte of memory: once at a time."""


def set_photo(*, user: User, file: IO[bytes], size_bytes: int) -> User:
    """Give a person a new photo, at most ``PHOTO_STORED_SIDE_PIXELS`` wide and high, as JPEG.

    Raises ``PhotoTooLarge``, ``PhotoTypeUnsupported``, ``ValidationFailed`` for a broken image or
    one of the wrong dimensions, ``Conflict`` when another photo came in at the same moment or
    the account was deleted.
    """
    if size_bytes > settings.PHOTO_BYTES_MAX:
        raise PhotoTooLarge(f"A photo may have at most {settings.PHOTO_BYTES_MAX} bytes.")
    content = ContentFile(_clean_jpeg(file))
    # The file is there before the row names it; a crash in between leaves a file without a row.
    name = default_storage.save(f"photos/{user.pk}/{new_id()}.jpg", content)
    before = user.photo
    mine = User.objects.filter(pk=user.pk, photo=before, deleted_at=None)
    if not run_atomic(lambda: change_one(mine, photo=name)):
        delete_photo_file(name)
        raise Conflict("Another photo was set at the same moment.")
    delete_photo_file(before)
    user.photo = name
    return user


def delete_photo_file(name: str) -> None:
    """Remove a photo from the storage, after the commit if one is under way."""
    if name:
        on_commit(lambda: default_storage.delete(name))


def _clean_jpeg(file: IO[bytes]) -> bytes:
    """Decoded and encoded again: what was hidden in the file or told where it was taken is gone."""
    try:
        image = Image.open(file, formats=FORMATS)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise PhotoTypeUnsupported from error
    _check_dimensions(*image.size)
    try:
        with _decoding:
            # Made small before it is turned, so that it is never there twice in full size.
            image.thumbnail((settings.PHOTO_STORED_SIDE_PIXELS,) * 2)
        encoded = BytesIO()
        upright = ImageOps.exif_transpose(image)
        _on_white(upright).save(encoded, "JPEG", quality=QUALITY, optimize=True)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValidationFailed.of("photo", "invalid_image", "The image is broken.") from error
    return encoded.getvalue()


def _check_dimensions(width: int, height: int) -> None:
    """Checked on the header, before pixels are decoded, so that a bomb costs nothing."""
    least, most = settings.PHOTO_SIDE_PIXELS_MIN, settings.PHOTO_SIDE_PIXELS_MAX
    if not (least <= width <= most and least <= height <= most):
        detail = f"Width and height must be {least} to {most} pixels."
        raise ValidationFailed.of("photo", "dimensions", detail)


def _on_white(image: Image.Image) -> Image.Image:
    """JPEG knows no transparency."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")
