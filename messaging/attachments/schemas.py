"""Wire shapes of attachments."""

from uuid import UUID

import msgspec

__all__ = ["AttachmentView"]


class AttachmentView(msgspec.Struct):
    """What a message tells of an attachment; the content is fetched by its id."""

    id: UUID
    kind: str
    content_type: str
    size_bytes: int
    name: str | None
    width: int | None
    height: int | None
    duration_ms: int | None
