"""Reports of the media's quality, by each side while it talks."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F

from calling.grades import Grade, grade_of, grade_of_all
from calling.models import Call, Quality
from calling.selectors import call_for
from calling.states import Status
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import Conflict

__all__ = ["report_quality"]

LATE = timedelta(minutes=1)
"""A last report may come after the end."""


def report_quality(
    *,
    user_id: UUID,
    device_id: UUID,
    call_id: UUID,
    rtt_ms: int,
    loss_percent: float,
    jitter_ms: int,
    resolution: str,
    now: datetime,
) -> Grade:
    """Add what a device in the call measured since it last reported; the grade of this report.

    Raises ``NotFound``, ``Conflict`` (no media yet, long over, or this device is not in it).
    """
    grade = grade_of(rtt_ms=rtt_ms, loss_percent=loss_percent, jitter_ms=jitter_ms)

    def write() -> None:
        call = call_for(user_id, call_id)
        _check(call, user_id, device_id, now)
        row = _row(call, user_id, now)
        good, poor = row.good + (grade is Grade.GOOD), row.poor + (grade is Grade.POOR)
        reports = row.version + 1
        written = change_one(
            Quality.objects.filter(pk=row.pk, version=row.version),
            version=reports,
            rtt_ms_sum=F("rtt_ms_sum") + rtt_ms,
            jitter_ms_sum=F("jitter_ms_sum") + jitter_ms,
            loss_permille_sum=F("loss_permille_sum") + round(loss_percent * 10),
            good=good,
            poor=poor,
            resolution=resolution,
            grade=grade_of_all(reports=reports, good=good, poor=poor).value,
            reported_at=now,
        )
        if not written:
            raise StaleRead(f"{row} changed meanwhile")

    run_atomic(write)
    return grade


def _check(call: Call, user_id: UUID, device_id: UUID, now: datetime) -> None:
    if call.connected_at is None:
        raise Conflict("This call has no media.")
    if call.status == Status.ENDED and call.ended_at and now - call.ended_at > LATE:
        raise Conflict("This call is over.")
    if call.device_of(user_id) != device_id:
        raise Conflict("This call is on another device.")


def _row(call: Call, user_id: UUID, now: datetime) -> Quality:
    key = f"{call.pk.hex}:{user_id.hex}"
    row = Quality.objects.filter(pk=key).first()
    if row is not None:
        return row
    row = Quality(id=key, call_id=call.pk, user_id=user_id, grade=Grade.FAIR, reported_at=now)
    try:
        row.save(force_insert=True)
    except IntegrityError as error:
        raise StaleRead("somebody else made this row") from error
    return row
