"""Wire shapes of moderation on sockets."""

from uuid import UUID

import msgspec

from pairly.realtime.frames import register_event

__all__ = ["NoticeData"]


class NoticeData(msgspec.Struct):
    """What staff decided about something of this person. ``measures``: hide, warn, suspend or
    restore; ``reason`` as in reports; ``text`` is what staff wrote to the person, often nothing."""

    id: UUID
    target_type: str
    target_id: UUID
    measures: list[str]
    reason: str
    text: str
    created_at: str


register_event(
    "moderation.decided",
    feature="general",
    data=NoticeData,
    summary="Staff decided about something of this person; kept under `moderation/notices`.",
)
