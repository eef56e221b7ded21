"""Staff give credits, take them and write debt off: the one way for all of it.

Whoever holds ``credits.grant`` gives bonus credits up to a cap at once and a cap a day; who holds
``credits.grant_any`` does everything. What one member of staff adjusts alone on one day is
limited too: what goes beyond ``STAFF_ADJUSTMENT_APPROVAL_CREDITS`` waits for a second person.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F

from pairly.accounts import roles
from pairly.accounts.selectors import roles_of
from pairly.accounts.staff_selectors import person
from pairly.approvals import registry
from pairly.approvals import services as approvals
from pairly.approvals.models import Approval
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from pairly.outbox.services import emit
from pairly.realtime.services import announce
from payments.adjustments.booking import book, operation_of
from payments.adjustments.models import Adjustment, AdjustmentDay, Kind, State
from payments.events import CreditsAdded
from payments.selectors import wallet_of

__all__ = ["ADJUSTED_CREDITS_MAX", "Limits", "adjust", "limits_of", "register_approvals"]

ADJUSTED_CREDITS_MAX = 1_000_000
"""Beyond this it is a slip of the finger, whoever does it."""

APPROVAL_KIND = "credits_adjustment"
ACTIONS = {
    Kind.GIVE_BONUS: "credits.granted",
    Kind.GIVE_PAID: "credits.granted",
    Kind.TAKE_BONUS: "credits.taken",
    Kind.TAKE_PAID: "credits.taken",
    Kind.WRITE_OFF: "debt.written_off",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a member of staff may do: of these kinds, so much at once, so much a day alone.
    ``may_ask`` is whether a second person may allow more."""

    kinds: tuple[Kind, ...]
    at_once: int
    a_day: int
    may_ask: bool


def limits_of(actor_id: UUID) -> Limits:
    """Raises ``PermissionDenied`` for who may adjust nothing."""
    held = roles.permissions_of(roles_of(actor_id))
    alone: int = settings.STAFF_ADJUSTMENT_APPROVAL_CREDITS
    if "credits.grant_any" in held:
        return Limits(tuple(Kind), ADJUSTED_CREDITS_MAX, alone, may_ask=True)
    if "credits.grant" not in held:
        raise PermissionDenied
    a_day: int = settings.STAFF_GOODWILL_CREDITS_PER_DAY_MAX
    return Limits((Kind.GIVE_BONUS,), settings.STAFF_GOODWILL_CREDITS_MAX, a_day, may_ask=False)


def adjust(
    *,
    actor_id: UUID,
    user_id: UUID,
    kind: str,
    credits: int,
    reason: str,
    operation_id: UUID,
    book_debt: bool = False,
    request_id: str = "",
) -> Adjustment:
    """Change a person's credits, once per operation id; what was booked, or waits to be.

    With ``book_debt`` a person owes what is to be taken and is not there. Raises ``NotFound``,
    ``PermissionDenied``, ``ValidationFailed``, ``InsufficientCredits``, ``NothingOwed``, and
    ``Conflict`` for an id that was used for something else.
    """
    if actor_id == user_id:
        raise PermissionDenied("Nobody changes their own credits.")
    limits = limits_of(actor_id)
    _check(limits, kind, credits, reason, book_debt)
    now = clock.now()
    adjustment = Adjustment(
        id=operation_id,
        actor_id=actor_id,
        user_id=user_id,
        kind=Kind(kind),
        credits=credits,
        book_debt=book_debt,
        reason=reason,
        created_at=now,
    )
    day = f"{actor_id.hex}:{now:%Y-%m-%d}"
    _open_day(day)

    def enter() -> Adjustment:
        first = _entered(adjustment)
        if first is not None:
            return first
        if person(user_id).deleted_at is not None:
            raise NotFound
        if _counted(day, credits, limits):
            adjustment.state, adjustment.approval_id = State.BOOKED, None
            adjustment.save(force_insert=True)
            _book(adjustment, actor_id, reason, now, request_id)
        else:
            adjustment.state = State.WAITING
            adjustment.approval_id = _asked(adjustment, now, request_id).pk
            adjustment.save(force_insert=True)
        return adjustment

    with suppress(IntegrityError):  # The same was entered in between; then that is found.
        return run_atomic(enter)
    return run_atomic(enter)


def register_approvals() -> None:
    """Let a second person decide about adjustments; called when the app starts."""
    registry.register(
        kind=APPROVAL_KIND,
        permission="credits.grant_any",
        title="Adjust credits beyond one's limit",
        execute=_book_approved,
        on_reject=_drop,
    )


def _check(limits: Limits, kind: str, credits: int, reason: str, book_debt: bool) -> None:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")
    if kind not in limits.kinds:
        raise PermissionDenied("Your role gives bonus credits and does nothing else.")
    if not 1 <= credits <= limits.at_once:
        detail = f"Your role adjusts from 1 to {limits.at_once:,} credits at once."
        raise ValidationFailed.of("credits", "invalid", detail)
    if book_debt and kind not in (Kind.TAKE_BONUS, Kind.TAKE_PAID):
        raise ValidationFailed.of("book_debt", "invalid", "Only what is taken becomes debt.")


def _open_day(day: str) -> None:
    if not AdjustmentDay.objects.filter(pk=day).exists():
        with suppress(IntegrityError):  # Somebody opened it in between.
            run_atomic(lambda: AdjustmentDay.objects.create(pk=day))


def _counted(day: str, credits: int, limits: Limits) -> bool:
    """Count it as done alone; False if it goes beyond that and a second person may allow it."""
    today = AdjustmentDay.objects.filter(pk=day, credits__lte=limits.a_day - credits)
    if change_one(today, credits=F("credits") + credits):
        return True
    if limits.may_ask:
        return False
    detail = f"Your role gives at most {limits.a_day:,} credits a day; ask somebody with more."
    raise ValidationFailed.of("credits", "daily_cap", detail)


def _asked(adjustment: Adjustment, now: datetime, request_id: str) -> Approval:
    return approvals.request(
        kind=APPROVAL_KIND,
        target_type="user",
        target_id=adjustment.user_id,
        payload={
            "adjustment": str(adjustment.pk),
            "kind": adjustment.kind,
            "credits": adjustment.credits,
            "book_debt": adjustment.book_debt,
        },
        reason=adjustment.reason,
        actor_id=adjustment.actor_id,
        now=now,
        request_id=request_id,
    )


def _book_approved(approval: Approval, now: datetime) -> None:
    adjustment = _decided(approval, State.BOOKED)
    if approval.decided_by == adjustment.user_id:
        raise PermissionDenied("Nobody changes their own credits.")
    if person(adjustment.user_id).deleted_at is not None:
        raise NotFound
    _book(adjustment, approval.decided_by, approval.decision_reason, now, "")


def _drop(approval: Approval, now: datetime) -> None:
    _decided(approval, State.DROPPED)


def _decided(approval: Approval, state: State) -> Adjustment:
    waiting = Adjustment.objects.filter(approval_id=approval.pk, state=State.WAITING)
    adjustment = waiting.get(pk=UUID(approval.payload["adjustment"]))
    if not change_one(waiting.filter(pk=adjustment.pk), state=state):
        raise AssertionError(f"{adjustment} was decided without its approval")
    return adjustment


def _book(
    adjustment: Adjustment, actor_id: UUID | None, reason: str, now: datetime, request_id: str
) -> None:
    before = wallet_of(adjustment.user_id)
    book(adjustment, now)
    after = wallet_of(adjustment.user_id)
    announce([adjustment.user_id], "wallet.updated", after.to_dict(), now)
    if adjustment.kind in (Kind.GIVE_BONUS, Kind.GIVE_PAID):
        given, operation = adjustment.credits, operation_of(adjustment)
        emit(CreditsAdded(adjustment.user_id, given, "grant", operation))
    told = {"credits": adjustment.credits, "operation": operation_of(adjustment)}
    record(
        actor_id=actor_id,
        action=ACTIONS[Kind(adjustment.kind)],
        target_type="user",
        target_id=adjustment.user_id,
        reason=reason,
        before=before.to_dict(),
        after={**after.to_dict(), **told, "kind": adjustment.kind},
        request_id=request_id,
    )


def _entered(adjustment: Adjustment) -> Adjustment | None:
    """The first one, when the same is asked for again."""
    first = Adjustment.objects.filter(pk=adjustment.pk).first()
    for name in ("actor_id", "user_id", "kind", "credits", "book_debt") if first else ():
        if getattr(first, name) != getattr(adjustment, name):
            raise Conflict("This id was used for another adjustment.")
    return first
