"""Who is typing: never stored, passed on only between partners who may write to each other."""

import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from messaging.schemas import TypingData
from messaging.selectors import partner_for
from pairly.core import clock
from pairly.realtime.services import send_ephemeral

__all__ = ["forget_partners", "is_known", "look_up_partner", "send_typing"]

PARTNERS_MAX = 100_000

_partners: dict[tuple[UUID, UUID], tuple[UUID | None, float]] = {}
"""(person, conversation) to the partner and until when (monotonic seconds) to believe it, should
the notice of another process's block be lost."""
_blocks = 0
"""How many times two of them were forgotten: what was read before that is not kept."""


def is_known(user_id: UUID, conversation_id: UUID) -> bool:
    """Whether the partner was looked up a moment ago. Never blocks."""
    known = _partners.get((user_id, conversation_id))
    return known is not None and known[1] > time.monotonic()


def look_up_partner(user_id: UUID, conversation_id: UUID) -> None:
    """Read the partner from the database. Raises ``NotFound`` or ``Unavailable``."""
    blocks_before = _blocks
    partner_id = partner_for(user_id, conversation_id)
    if blocks_before != _blocks:
        return
    if len(_partners) >= PARTNERS_MAX:
        _partners.clear()
    until = time.monotonic() + settings.TYPING_PARTNER_CACHE_SECONDS
    _partners[user_id, conversation_id] = (partner_id, until)


def forget_partners(pair: str) -> None:
    """These two, whose ids these are, may no longer tell each other anything."""
    global _blocks
    _blocks += 1
    user_id, other_id = map(UUID, pair.split())
    for key, (partner_id, _until) in list(_partners.items()):
        if {key[0], partner_id} == {user_id, other_id}:
            _partners.pop(key, None)


def send_typing(*, user_id: UUID, conversation_id: UUID, active: bool) -> None:
    """Tell the partner looked up before, if they are to hear of it; whoever hears it lets it
    expire by itself."""
    partner_id, _until = _partners.get((user_id, conversation_id), (None, 0.0))
    if partner_id is None:
        return
    expires_at = None
    if active:
        expiry = clock.now() + timedelta(seconds=settings.TYPING_EXPIRY_SECONDS)
        expires_at = clock.to_rfc3339(expiry)
    data = TypingData(conversation_id, user_id, active, expires_at)
    send_ephemeral([partner_id], "typing", data)
