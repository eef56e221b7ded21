"""How an attachment is told of, over sockets and REST alike."""

from uuid import UUID

import msgspec

__all__ = ["AttachmentView"]


class AttachmentView(msgspec.Struct, frozen=True):
    """A file of a message; its content is at ``GET /api/v1/attachments/{id}``.

    ``width`` and ``height`` are there for images, ``name`` for documents; ``duration_ms`` is
    what the sender's client said of a sound or a video.
    """

    id: UUID
    kind: str
    content_type: str
    size_bytes: int
    name: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
