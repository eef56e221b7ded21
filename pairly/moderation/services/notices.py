"""Telling a person what was decided about something of theirs."""

from collections.abc import Sequence
from datetime import datetime

from pairly.core import clock
from pairly.moderation.events import ModerationDecided
from pairly.moderation.models import Case, Notice
from pairly.moderation.schemas import NoticeData
from pairly.outbox.services import emit
from pairly.realtime.frames import to_json
from pairly.realtime.services import Append, append

__all__ = ["notify"]


def notify(*, case: Case, measures: Sequence[str], text: str, now: datetime) -> None:
    """Keep a notice for the person, push it to their devices, and tell the other apps. Call inside
    the transaction of the decision."""
    notice = Notice(
        user_id=case.author_id,
        target_type=case.target_type,
        target_id=case.target_id,
        measures=", ".join(measures),
        reason=case.reason,
        text=text,
        created_at=now,
    )
    notice.save(force_insert=True)
    data = NoticeData(
        id=notice.pk,
        target_type=notice.target_type,
        target_id=notice.target_id,
        measures=list(measures),
        reason=notice.reason,
        text=text,
        created_at=clock.to_rfc3339(now),
    )
    append([Append(case.author_id, "moderation.decided", to_json(data))], now)
    emit(
        ModerationDecided(
            notice_id=notice.pk,
            user_id=case.author_id,
            target_type=case.target_type,
            target_id=case.target_id,
            measures=tuple(measures),
            reason=case.reason,
            at=now,
        )
    )
