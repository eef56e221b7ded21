"""Profile photos: looked at, made anew without their metadata, stored."""

from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import QuerySet

from pairly.accounts.errors import PhotoTooLarge, PhotoTypeUnsupported
from pairly.accounts.events import PhotoChanged
from pairly.accounts.models import User
from pairly.core import clock
from pairly.core.db import change_one, on_commit, run_atomic
from pairly.core.errors import Conflict, ValidationFailed
from pairly.core.ids import new_id
from pairly.core.images import ImageRefused, ImageRules, clean_image
from pairly.outbox.services import emit

__all__ = ["delete_photo_file", "remove_photos", "set_photo"]

FORMATS = ("JPEG", "PNG", "WEBP")


def set_photo(*, user: User, file: IO[bytes], size_bytes: int) -> User:
    """Give a person a new photo, at most ``PHOTO_STORED_SIDE_PIXELS`` wide and high, as JPEG.

    Raises ``PhotoTooLarge``, ``PhotoTypeUnsupported``, ``ValidationFailed`` for a broken image or
    one of the wrong dimensions, ``Conflict`` when another photo came in at the same moment or
    the account was deleted.
    """
    if size_bytes > settings.PHOTO_BYTES_MAX:
        raise PhotoTooLarge(f"A photo may have at most {settings.PHOTO_BYTES_MAX} bytes.")
    content = ContentFile(_clean_jpeg(file))
    # The file is there before the row names it; a crash in between leaves a file without a row,
    # until the account is deleted.
    name = default_storage.save(f"{_folder_of(user.pk)}/{new_id()}.jpg", content)
    before = user.photo
    mine = User.objects.filter(pk=user.pk, photo=before, deleted_at=None)
    if not run_atomic(lambda: _change_photo(user, mine, name)):
        delete_photo_file(name)
        raise Conflict("Another photo was set at the same moment.")
    delete_photo_file(before)
    user.photo = name
    return user


def _change_photo(user: User, mine: "QuerySet[User]", name: str) -> bool:
    changed = change_one(mine, photo=name)
    if changed:
        emit(PhotoChanged(user_id=user.pk, at=clock.now()))
    return changed


def delete_photo_file(name: str) -> None:
    """Remove a photo from the storage, after the commit if one is under way."""
    if name:
        on_commit(lambda: default_storage.delete(name))


def remove_photos(user_id: UUID) -> None:
    """Remove every photo of who has left from the storage, those that no row names too."""
    folder = _folder_of(user_id)
    try:
        _folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        default_storage.delete(f"{folder}/{name}")


def _folder_of(user_id: UUID) -> str:
    return f"photos/{user_id}"


def _clean_jpeg(file: IO[bytes]) -> bytes:
    """Decoded and encoded again: what was hidden in the file or told where it was taken is gone."""
    rules = ImageRules(
        formats=FORMATS,
        side_pixels_min=settings.PHOTO_SIDE_PIXELS_MIN,
        side_pixels_max=settings.PHOTO_SIDE_PIXELS_MAX,
        pixels_max=settings.PHOTO_SIDE_PIXELS_MAX**2,
        stored_side_pixels=settings.PHOTO_STORED_SIDE_PIXELS,
        always_jpeg=True,
    )
    try:
        return clean_image(file, rules).content
    except ImageRefused as refused:
        if refused.code == "not_an_image":
            raise PhotoTypeUnsupported from refused
        raise ValidationFailed.of("photo", refused.code, refused.detail) from refused
