"""Attachments become part of messages, inside the transaction that stores the messages."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from messaging.attachments.models import Attachment
from messaging.attachments.schemas import AttachmentView
from pairly.core.errors import ValidationFailed
from pairly.core.table import Table

__all__ = ["Claims", "release_of"]

COLUMNS = (
    "id",
    "owner_id",
    "state",
    "kind",
    "content_type",
    "size_bytes",
    "name",
    "width",
    "height",
    "duration_ms",
)
ATTACHMENTS = Table(Attachment, *COLUMNS, "message_id")
READY, CLAIMED = str(Attachment.State.READY), str(Attachment.State.CLAIMED)


class Claims:
    """The attachments that a batch of messages wants. ``check`` while a message can still be
    refused, ``take`` when it no longer can, ``write`` once at the end."""

    def __init__(self, attachment_ids: Collection[UUID]) -> None:
        self._rows = {row[0]: row for row in ATTACHMENTS.select("id", attachment_ids)}
        self._taken: dict[UUID, UUID] = {}

    def check(
        self, *, owner_id: UUID, kind: str, attachment_ids: Sequence[UUID]
    ) -> list[AttachmentView]:
        """How the attachments look on the wire.

        Raises ``ValidationFailed`` on the field ``attachment_ids``: ``does_not_exist`` for what
        is absent or somebody else's alike, ``used``, ``other_kind``.
        """
        rows = [self._rows.get(attachment_id) for attachment_id in attachment_ids]
        for row in rows:
            if row is None or row[1] != owner_id or row[2] not in (READY, CLAIMED):
                raise _refused("does_not_exist", "There is no such attachment.")
            if row[2] == CLAIMED or row[0] in self._taken:
                raise _refused("used", "The attachment belongs to another message.")
            if row[3] != kind:
                raise _refused("other_kind", f"The attachment is of the kind {row[3]}.")
        return [_view(row) for row in rows if row is not None]

    def take(self, *, attachment_ids: Sequence[UUID], message_id: UUID) -> None:
        """Give them to a message; they have been checked."""
        self._taken.update(dict.fromkeys(attachment_ids, message_id))

    def write(self) -> None:
        """Raises ``StaleRead`` when another transaction took one in between."""
        ATTACHMENTS.compare_and_set(
            "id",
            expected=("state",),
            new=("state", "message_id"),
            rows=[
                (attachment_id, READY, CLAIMED, message_id)
                for attachment_id, message_id in self._taken.items()
            ],
        )


def _refused(code: str, detail: str) -> ValidationFailed:
    return ValidationFailed.of("attachment_ids", code, detail)


def _view(row: tuple[Any, ...]) -> AttachmentView:
    attachment_id, _owner_id, _state, kind, content_type, size_bytes, name, *about = row
    width, height, duration_ms = map(_whole, about[:3])
    return AttachmentView(
        id=attachment_id,
        kind=kind,
        content_type=content_type,
        size_bytes=int(size_bytes),
        name=name or None,
        width=width,
        height=height,
        duration_ms=duration_ms,
    )


def _whole(value: Any) -> int | None:
    """MongoDB's driver has a class of its own for what the ORM wrote as a long integer."""
    return None if value is None else int(value)


def release_of(message_ids: Collection[UUID]) -> None:
    """The messages are gone for both: of people nobody reads their attachments any more, and the
    clean-up removes the files. Call inside the transaction that deletes the messages."""
    used = Attachment.objects.filter(message_id__in=list(message_ids))
    used.update(state=Attachment.State.REMOVED)
