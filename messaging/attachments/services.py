"""Uploads: looked at, stored, and removed again.

An upload is a row, then its file, then the row's word that the file is there. A row that never
came so far, and one that no message ever used, are removed after ``ATTACHMENT_ORPHAN_HOURS``.
"""

import logging
import re
import unicodedata
from datetime import datetime, timedelta
from functools import partial
from typing import IO, Any, cast
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from messaging.attachments.boxes import empty_metadata
from messaging.attachments.errors import (
    AttachmentTooLarge,
    AttachmentTypeUnsupported,
    UploadsExhausted,
)
from messaging.attachments.models import NAME_CHARACTERS_MAX, Attachment
from messaging.attachments.types import Found, recognise, suffix_of
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, StorageUnavailable, ValidationFailed
from pairly.core.images import CleanImage, ImageRefused, ImageRules, clean_image
from pairly.moderation.classifier import Action, assess
from pairly.moderation.selectors import open_targets

__all__ = ["remove_owned", "remove_unused", "upload"]

logger = logging.getLogger(__name__)

State = Attachment.State

DAY = timedelta(days=1)
ROWS_AT_ONCE = 200
WITH_BOXES = ("audio/mp4", "video/mp4", "video/quicktime")
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
UNNAMED = "document"
# Nothing that could turn a name round, break a line or leave the folder.
UNSAFE_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
PATH = re.compile(r"[/\\]")


def upload(
    *,
    owner_id: UUID,
    file: "File[bytes]",
    name: str,
    kind: str | None = None,
    duration_ms: int | None = None,
) -> Attachment:
    """Store a file that its owner may then send. Images are made anew, without metadata; that of
    films is emptied in the uploaded file.

    ``kind`` is what the client takes it for; another one is refused. Raises
    ``AttachmentTypeUnsupported``, ``AttachmentTooLarge``, ``UploadsExhausted``,
    ``StorageUnavailable``, ``ValidationFailed`` for an empty file, a broken image or one of the
    wrong dimensions.
    """
    now = clock.now()
    given_bytes = file.size
    if not given_bytes:
        raise ValidationFailed.of("file", "empty", "The file is empty.")
    found = recognise(cast(IO[bytes], file))
    if found is None:
        raise AttachmentTypeUnsupported
    if kind is not None and kind != found.kind:
        detail = f"The file is not of this kind but of the kind {found.kind}."
        raise ValidationFailed.of("kind", "other_kind", detail)
    bytes_max = getattr(settings, f"ATTACHMENT_{found.kind.upper()}_BYTES_MAX")
    if given_bytes > bytes_max:
        raise AttachmentTooLarge(f"A file of this kind may have at most {bytes_max} bytes.")
    image = _cleaned(file) if found.kind == "image" else None
    if found.content_type in WITH_BOXES:
        empty_metadata(cast(IO[bytes], file))
    row = _described(owner_id, found, image, given_bytes, name, duration_ms, now)
    run_atomic(lambda: row.save(force_insert=True))
    _check_quota(row, now)
    _store(row, ContentFile(image.content) if image else file)
    return row


def _cleaned(file: Any) -> CleanImage:
    rules = ImageRules(
        formats=IMAGE_FORMATS,
        side_pixels_min=1,
        side_pixels_max=settings.ATTACHMENT_IMAGE_SIDE_PIXELS_MAX,
        pixels_max=settings.ATTACHMENT_IMAGE_PIXELS_MAX,
        stored_side_pixels=settings.ATTACHMENT_IMAGE_STORED_SIDE_PIXELS,
        animation_pixels_max=settings.ATTACHMENT_ANIMATION_PIXELS_MAX,
    )
    try:
        return clean_image(file, rules)
    except ImageRefused as refused:
        if refused.code == "not_an_image":
            raise AttachmentTypeUnsupported from refused
        raise ValidationFailed.of("file", refused.code, refused.detail) from refused


def _described(
    owner_id: UUID,
    found: Found,
    image: CleanImage | None,
    given_bytes: int,
    name: str,
    duration_ms: int | None,
    now: datetime,
) -> Attachment:
    content_type = image.content_type if image else found.content_type
    return Attachment(
        owner_id=owner_id,
        kind=found.kind,
        content_type=content_type,
        size_bytes=len(image.content) if image else given_bytes,
        name=_seemly_name(name, suffix_of(content_type)) if found.kind == "file" else "",
        width=image.width if image else None,
        height=image.height if image else None,
        duration_ms=duration_ms if found.kind in ("audio", "video") else None,
        created_at=now,
    )


def _seemly_name(name: str, suffix: str) -> str:
    """No name where its words would not pass as a message's, unseen by staff."""
    plain = _plain_name(name, suffix)
    passes = assess(plain).decide(answered=True).action is Action.ALLOW
    return plain if passes else UNNAMED + suffix


def _plain_name(name: str, suffix: str) -> str:
    """A name to show and to save under: no path, nothing invisible, the ending of its content.

    Only documents keep theirs; those of photographs and recordings tell of places and times.
    """
    last = PATH.split(unicodedata.normalize("NFC", name))[-1]
    shown = "".join(one for one in last if unicodedata.category(one) not in UNSAFE_CATEGORIES)
    stem = shown.strip(" .")
    if stem.lower().endswith(suffix):
        stem = stem[: -len(suffix)]
    return (stem[: NAME_CHARACTERS_MAX - len(suffix)].strip(" .") or UNNAMED) + suffix


def _check_quota(row: Attachment, now: datetime) -> None:
    """The row is there already and counts itself, so of two at once no more than fit get through.

    As many rows are read as a day allows. Raises ``UploadsExhausted``.
    """
    count_max, bytes_max = settings.ATTACHMENTS_PER_DAY_MAX, settings.ATTACHMENT_BYTES_PER_DAY_MAX
    of_the_day = Attachment.objects.filter(owner_id=row.owner_id, created_at__gt=now - DAY)
    newest = of_the_day.order_by("-created_at").values_list("size_bytes", flat=True)
    sizes = list(newest[: count_max + 1])
    if len(sizes) > count_max or sum(sizes) > bytes_max:
        run_atomic(lambda: _forget([row.pk]))
        raise UploadsExhausted(retry_after_seconds=3600)


def _store(row: Attachment, content: "File[bytes]") -> None:
    """The file, then the word that it is there. Killed in between, the clean-up finds the row, as
    it does when the storage failed: whatever of the file has come there goes with it."""
    try:
        stored = default_storage.save(row.file_name, content)
    except Exception as error:  # each storage has failures of its own
        logger.exception("%s could not be stored", row.file_name)
        _give_up([row.pk], State.UPLOADING)
        raise StorageUnavailable from error
    if stored != row.file_name:
        raise AssertionError(f"{row.file_name} was stored as {stored}")
    begun = Attachment.objects.filter(pk=row.pk, state=State.UPLOADING)
    if not run_atomic(lambda: change_one(begun, state=State.READY)):
        default_storage.delete(row.file_name)
        raise Conflict("The upload took too long.")
    row.state = State.READY


def remove_unused(*, now: datetime) -> int:
    """Remove what was given up and what no message used in time; how many files went.

    Each file goes before its row, so that a file is never forgotten. What staff still decide about
    stays until they have: nobody deletes the evidence. What the storage does not let go of stays
    until the next time.
    """
    before = now - timedelta(hours=settings.ATTACHMENT_ORPHAN_HOURS)
    for state in (State.UPLOADING, State.READY):
        while ids := _keys(state=state, created_at__lte=before):
            _give_up(ids, state)
    held: set[UUID] = set()
    removed = 0
    while rows := _removable(held):
        looked_at = open_targets("message", {row.message_id for row in rows if row.message_id})
        given_up = [row for row in rows if row.message_id not in looked_at]
        gone = [row.pk for row in given_up if _is_deleted(row)]
        held.update({row.pk for row in rows}.difference(gone))
        removed += run_atomic(partial(_forget, gone))
        if given_up and not gone:
            break  # The storage is away.
    return removed


def _is_deleted(row: Attachment) -> bool:
    """One file that cannot be deleted must not keep the others."""
    try:
        default_storage.delete(row.file_name)
    except Exception:
        logger.exception("%s could not be deleted", row.file_name)
        return False
    return True


def _removable(held: set[UUID]) -> list[Attachment]:
    given_up = Attachment.objects.filter(state=State.REMOVED)
    return list(given_up.exclude(pk__in=held)[:ROWS_AT_ONCE])


def remove_owned(*, owner_id: UUID) -> None:
    """Give up everything that a person ever sent or meant to send."""
    for state in (State.READY, State.CLAIMED):
        while ids := _keys(owner_id=owner_id, state=state):
            _give_up(ids, state)


def _keys(**wanted: Any) -> list[UUID]:
    return list(Attachment.objects.filter(**wanted).values_list("pk", flat=True)[:ROWS_AT_ONCE])


def _give_up(ids: list[UUID], state: State) -> None:
    """Only those that are still so: a message may claim one at the same moment."""
    waiting = Attachment.objects.filter(pk__in=ids, state=state)
    run_atomic(lambda: waiting.update(state=State.REMOVED))


def _forget(ids: list[UUID]) -> int:
    return Attachment.objects.filter(pk__in=ids).delete()[0]
