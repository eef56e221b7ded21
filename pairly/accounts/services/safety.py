"""Blocking and reporting."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from pairly.accounts import report_targets
from pairly.accounts.errors import TooManyBlocks
from pairly.accounts.events import ReportMade, UserBlocked, UserUnblocked
from pairly.accounts.models import Block, Report, User
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import NotFound, ValidationFailed
from pairly.outbox.services import emit

__all__ = ["block", "report", "settle_reports", "time_to_decide", "unblock"]

TargetType = Report.TargetType
Reason = Report.Reason
OPEN = (Report.Status.PENDING, Report.Status.UNDER_REVIEW)


def block(*, blocker: User, blocked_id: UUID) -> None:
    """Block a person; once more does nothing. The others react in the same transaction.

    Raises ``ValidationFailed`` for oneself, ``NotFound``, ``TooManyBlocks``.
    """
    if blocked_id == blocker.pk:
        raise ValidationFailed.of("user_id", "self", "You cannot block yourself.")
    _existing_user(blocked_id)
    mine = Block.objects.filter(blocker_id=blocker.pk)
    if mine.filter(blocked_id=blocked_id).exists():
        return
    if mine.count() >= settings.BLOCKS_PER_USER_MAX:
        raise TooManyBlocks
    now = clock.now()
    try:
        run_atomic(lambda: _block(blocker.pk, blocked_id, now))
    except IntegrityError:
        if not mine.filter(blocked_id=blocked_id).exists():
            raise


def _block(blocker_id: UUID, blocked_id: UUID, now: datetime) -> None:
    Block.objects.create(blocker_id=blocker_id, blocked_id=blocked_id, created_at=now)
    emit(UserBlocked(blocker_id=blocker_id, blocked_id=blocked_id, at=now))


def unblock(*, blocker: User, blocked_id: UUID) -> None:
    """Lift a block; without one this does nothing."""
    now = clock.now()

    def lift() -> None:
        pair = Block.objects.filter(blocker_id=blocker.pk, blocked_id=blocked_id)
        deleted, _by_model = pair.delete()
        if deleted:
            emit(UserUnblocked(blocker_id=blocker.pk, blocked_id=blocked_id, at=now))

    run_atomic(lift)


def report(
    *,
    reporter: User,
    target_type: TargetType,
    target_id: UUID,
    reason: Reason,
    details: str,
) -> tuple[Report, bool]:
    """Put a report into the staff's queue; the first one of this person on this target stays.

    Returns the report and whether it is new. Raises ``NotFound`` if the reporter has no such
    target, ``ValidationFailed`` for oneself.
    """
    if target_id == reporter.pk:
        raise ValidationFailed.of("target_id", "self", "You cannot report yourself.")
    if target_type == TargetType.USER:
        _existing_user(target_id)
    else:
        report_targets.check(target_type, reporter.pk, target_id)
    now = clock.now()
    first = Report.objects.filter(reporter=reporter, target_type=target_type, target_id=target_id)
    if (found := first.first()) is not None:
        return found, False
    new = Report(
        reporter=reporter,
        target_type=target_type,
        target_id=target_id,
        reason=reason,
        details=details,
        due_at=now + time_to_decide(reason.value),
        created_at=now,
    )

    def put() -> None:
        new.save(force_insert=True)
        emit(
            ReportMade(
                report_id=new.pk,
                reporter_id=reporter.pk,
                target_type=target_type.value,
                target_id=target_id,
                reason=reason.value,
                due_at=new.due_at,
                at=now,
            )
        )

    try:
        run_atomic(put)
    except IntegrityError:
        return first.get(), False
    return new, True


def settle_reports(*, target_type: str, target_id: UUID, status: Report.Status) -> None:
    """Staff have decided, or begun to look: every report of this that is not settled yet gets the
    status. Call inside the transaction of the decision."""
    reports = Report.objects.filter(target_type=target_type, target_id=target_id, status__in=OPEN)
    reports.update(status=status)


def time_to_decide(reason: str) -> timedelta:
    """Where a child may be in danger nobody waits for a day."""
    if reason == Reason.MINOR.value:
        return timedelta(minutes=settings.REPORT_DUE_MINOR_MINUTES)
    return timedelta(hours=settings.REPORT_DUE_HOURS)


def _existing_user(user_id: UUID) -> None:
    """Who blocked me first, or is suspended, can be blocked and reported all the same."""
    if not User.objects.filter(pk=user_id, deleted_at=None).exists():
        raise NotFound
