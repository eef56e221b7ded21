"""Who may read an attachment."""

from typing import Any
from uuid import UUID

from messaging.attachments.models import Attachment
from messaging.selectors import has_message
from pairly.core.downloads import StoredFile
from pairly.core.errors import NotFound

__all__ = ["attachment_for", "attachments_export", "stored_file"]

State = Attachment.State


def attachment_for(user_id: UUID, attachment_id: UUID) -> Attachment:
    """What the person uploaded, or was sent in a message that they see now.

    Raises ``NotFound`` alike for what is absent, others' or no longer to be seen, by its owner
    neither: a message that is gone from both views takes its attachments along.
    """
    found = Attachment.objects.filter(pk=attachment_id).first()
    if found is None or not _may_read(user_id, found):
        raise NotFound
    return found


def _may_read(user_id: UUID, attachment: Attachment) -> bool:
    if attachment.state == State.READY:
        return attachment.owner_id == user_id
    if attachment.state != State.CLAIMED or attachment.message_id is None:
        return False
    return has_message(user_id, attachment.message_id)


def stored_file(attachment: Attachment) -> StoredFile:
    content_type = attachment.content_type
    is_text = content_type.startswith("text/")
    return StoredFile(
        name=attachment.file_name,
        size_bytes=attachment.size_bytes,
        content_type=f"{content_type}; charset=utf-8" if is_text else content_type,
        version=attachment.pk.hex,
        download_name=attachment.name or attachment.file_name.rpartition("/")[2],
        is_shown=attachment.kind != Attachment.Kind.FILE,
    )


def attachments_export(user_id: UUID) -> list[dict[str, Any]]:
    """What the person has uploaded; the files themselves are read one by one."""
    names = (
        *("id", "message_id", "kind", "content_type", "size_bytes", "name", "width", "height"),
        *("duration_ms", "created_at"),
    )
    kept = Attachment.objects.filter(owner_id=user_id, state__in=(State.READY, State.CLAIMED))
    return [dict(row) for row in kept.order_by("-created_at").values(*names)]
