"""What comes back from addresses: who is not to be written to any more, and who is again."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from notifications.mail.models import DETAIL_LENGTH_MAX, SoftBounce, Suppression
from notifications.mail.selectors import address_hash
from pairly.audit.services import record
from pairly.core.db import StaleRead, run_atomic
from pairly.core.errors import NotFound, ValidationFailed

__all__ = ["lift_suppression", "note_soft_bounce", "remove_old_bounces", "suppress"]

REMOVED_AT_ONCE_MAX = 1000
Reason = Suppression.Reason


def suppress(*, address: str, reason: str, detail: str, now: datetime) -> None:
    """Write to this address no more. Again changes nothing: the first reason stands."""
    row = Suppression(
        address_hash=address_hash(address),
        reason=reason,
        detail=detail[:DETAIL_LENGTH_MAX],
        created_at=now,
    )
    run_atomic(lambda: _suppress(row))


def _suppress(row: Suppression) -> None:
    if Suppression.objects.filter(address_hash=row.address_hash).exists():
        return
    try:
        row.save(force_insert=True)
    except IntegrityError as error:
        raise StaleRead("the same address was suppressed at the same time") from error


def note_soft_bounce(*, address: str, event_id: str, detail: str, now: datetime) -> None:
    """Count it; ``MAIL_SOFT_BOUNCES_MAX`` in ``MAIL_SOFT_BOUNCE_DAYS`` are as good as a hard one.
    ``event_id`` names it for ever: told twice it counts once."""
    digest = address_hash(address)
    since = now - timedelta(days=settings.MAIL_SOFT_BOUNCE_DAYS)

    def note() -> int:
        _count_once(SoftBounce(pk=event_id, address_hash=digest, at=now))
        return SoftBounce.objects.filter(address_hash=digest, at__gt=since).count()

    if run_atomic(note) >= settings.MAIL_SOFT_BOUNCES_MAX:
        suppress(address=address, reason=Reason.SOFT_BOUNCES, detail=detail, now=now)


def _count_once(bounce: SoftBounce) -> None:
    if SoftBounce.objects.filter(pk=bounce.pk).exists():
        return
    try:
        bounce.save(force_insert=True)
    except IntegrityError as error:
        raise StaleRead("the same bounce was told of at the same time") from error


def lift_suppression(
    *, suppression_id: UUID, actor_id: UUID | None, reason: str, request_id: str = ""
) -> None:
    """Write to the address again. Raises ``NotFound``, ``ValidationFailed`` without a reason."""
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")

    def lift() -> None:
        row = Suppression.objects.filter(pk=suppression_id).first()
        if row is None:
            raise NotFound
        if not Suppression.objects.filter(pk=row.pk).delete()[0]:
            raise StaleRead("somebody else lifted it")
        SoftBounce.objects.filter(address_hash=row.address_hash).delete()
        record(
            actor_id=actor_id,
            action="mail.suppression_lifted",
            target_type="suppression",
            target_id=suppression_id,
            reason=reason,
            before={"reason": row.reason, "detail": row.detail},
            after={},
            request_id=request_id,
        )

    run_atomic(lift)


def remove_old_bounces(*, now: datetime) -> int:
    """Delete soft bounces that count no more; how many."""
    over = SoftBounce.objects.filter(at__lte=now - timedelta(days=settings.MAIL_SOFT_BOUNCE_DAYS))
    removed = 0
    while ids := list(over.values_list("pk", flat=True)[:REMOVED_AT_ONCE_MAX]):
        removed += run_atomic(partial(_delete_bounces, ids))
    return removed


def _delete_bounces(ids: list[str]) -> int:
    return SoftBounce.objects.filter(pk__in=ids).delete()[0]
