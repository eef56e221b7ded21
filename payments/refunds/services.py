"""Giving money back. What becomes of a refund afterwards is in ``applying``."""

import logging
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from pairly.approvals import services as approvals
from pairly.approvals.models import Approval
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import in_atomic_block, on_commit, run_atomic
from pairly.core.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from payments.claims import credits_to_hold
from payments.currencies import CURRENCIES
from payments.errors import CreditsSpent, NotPaid, PaymentDisputed, RefundTooLarge
from payments.fraud.holds import make_room
from payments.gateways.base import GatewayRefused, GatewayUnreachable, RefundSeen, RefundState
from payments.gateways.registry import gateway_named
from payments.intents.models import Intent, Observed
from payments.intents.states import PAID, Status
from payments.refunds.applying import apply_refund, begin, change_refund, give_up
from payments.refunds.models import Refund
from payments.refunds.selectors import order_of, refund_named
from payments.refunds.states import State
from payments.reversals import claims_on, sold_of, tell_wallet
from payments.selectors import paid_credits_free

__all__ = ["APPROVAL_KIND", "carry_out", "drop", "refund_payment", "send"]

logger = logging.getLogger(__name__)

APPROVAL_KIND = "refund"
FAILURE_CODE_CHARACTERS_MAX = 64


def refund_payment(
    *,
    intent_id: UUID,
    amount_minor: int | None,
    reason: str,
    actor_id: UUID | None,
    operation_id: UUID,
    now: datetime,
    request_id: str = "",
) -> Refund:
    """Give back an amount of a paid intent, or all that is left of it (None); the same operation
    again is the same refund.

    The credits are held at once. Up to ``REFUND_APPROVAL_MINOR`` of a purchase the provider is
    asked right after the commit; above it a second person decides first. ``actor_id`` None is
    the system itself, which asks nobody. Inside a transaction it joins it, and the answer is the
    refund as it begins.

    Raises ``NotFound``, ``NotPaid``, ``PaymentDisputed``, ``RefundTooLarge``, ``CreditsSpent``
    (unless ``REFUND_BOOKS_DEBT``), ``PermissionDenied`` for one's own purchase,
    ``ValidationFailed``, ``Conflict`` when the operation was another one.
    """
    _check_wish(amount_minor, reason)

    def make() -> None:
        if not _is_known(operation_id, intent_id, amount_minor):
            _make(intent_id, amount_minor, reason, actor_id, operation_id, now, request_id)

    try:
        run_atomic(make)
    except IntegrityError:  # The same operation was here first, at the same moment.
        if in_atomic_block() or not _is_known(operation_id, intent_id, amount_minor):
            raise
    return refund_named(operation_id)


def send(refund_id: UUID, now: datetime) -> None:
    """Have the provider give the money back, and follow its answer. Without one the refund stays
    unknown, and the provider is asked later whether it heard."""
    refund = refund_named(refund_id)
    order = order_of(refund)
    try:
        seen = gateway_named(refund.provider).refund(order, now)
    except GatewayUnreachable:
        logger.warning("the provider %s did not answer for refund %s", refund.provider, refund_id)
        return
    except GatewayRefused as refusal:
        seen = RefundSeen(
            provider=refund.provider,
            ref="",
            refund_id=refund_id,
            intent_id=refund.intent_id,
            payment_ref=order.payment_ref,
            state=RefundState.FAILED,
            amount_minor=order.amount_minor,
            currency=order.currency,
            at=now,
            failure_code=refusal.code[:FAILURE_CODE_CHARACTERS_MAX],
        )
    apply_refund(intent_id=refund.intent_id, seen=seen, source=Observed.Source.REQUEST, now=now)


def carry_out(approval: Approval, now: datetime) -> None:
    """A second person agreed. Raises ``PermissionDenied`` for one's own purchase,
    ``PaymentDisputed``, ``RefundTooLarge`` for what a dispute took meanwhile, ``Conflict`` when it
    was given up."""
    refund = refund_named(UUID(approval.payload["refund_id"]))
    _check_buyer(refund.intent, approval.decided_by)
    if refund.state != State.REQUESTED:
        raise Conflict("This refund no longer waits.")
    if refund.intent.status == Status.DISPUTED:
        raise PaymentDisputed
    if refund.intent.claimed_minor > refund.intent.amount_minor:
        raise RefundTooLarge("A dispute took what was to be refunded.")
    _set_out(refund, now)


def drop(approval: Approval, now: datetime) -> None:
    """A second person did not agree, or nobody did in time."""
    refund = refund_named(UUID(approval.payload["refund_id"]))
    if refund.state == State.REQUESTED:
        give_up(refund, refund.intent, State.REJECTED, now)
        tell_wallet(refund.user_id, now)


def _check_wish(amount_minor: int | None, reason: str) -> None:
    if amount_minor is not None and amount_minor < 1:
        raise ValidationFailed.of("amount", "invalid", "A refund is of one minor unit at least.")
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")


def _is_known(operation_id: UUID, intent_id: UUID, amount_minor: int | None) -> bool:
    """Whether the operation was here before. Raises ``Conflict`` if it was another one."""
    first = Refund.objects.filter(pk=operation_id).first()
    if first is None:
        return False
    if first.intent_id != intent_id or amount_minor not in (None, first.amount_minor):
        raise Conflict("This id was used for another refund.")
    return True


def _make(
    intent_id: UUID,
    amount_minor: int | None,
    reason: str,
    actor_id: UUID | None,
    operation_id: UUID,
    now: datetime,
    request_id: str,
) -> None:
    intent = Intent.objects.filter(pk=intent_id).first()
    if intent is None:
        raise NotFound
    amount = intent.refundable_minor if amount_minor is None else amount_minor
    _check(intent, amount, actor_id)
    asks = actor_id if _is_above_limit(intent, amount) else None
    refund = Refund(
        id=operation_id,
        intent=intent,
        user_id=intent.user_id,
        amount_minor=amount,
        credits=credits_to_hold(sold_of(intent), amount, claims_on(intent)),
        provider=intent.provider,
        state=State.UNKNOWN if asks is None else State.REQUESTED,
        requested_by=actor_id,
        reason=reason,
        created_at=now,
    )
    make_room(intent.pk, refund.credits, now)
    _require_credits(refund)
    begin(refund, intent, now)
    if actor_id is not None:
        _note(refund, intent, actor_id, request_id)
    if asks is None:
        _set_out(refund, now)
    else:
        _ask_second_person(refund, asks, now, request_id)
    tell_wallet(refund.user_id, now)


def _check_buyer(intent: Intent, actor_id: UUID | None) -> None:
    if actor_id == intent.user_id:
        raise PermissionDenied("Somebody else refunds what you bought.")


def _check(intent: Intent, amount: int, actor_id: UUID | None) -> None:
    _check_buyer(intent, actor_id)
    if intent.status not in PAID:
        raise NotPaid
    if intent.status == Status.DISPUTED:
        raise PaymentDisputed
    if amount % CURRENCIES[intent.currency].step_minor:
        raise ValidationFailed.of("amount", "invalid", "Banks do not pay so small a coin.")
    if not 1 <= amount <= intent.refundable_minor:
        raise RefundTooLarge(f"{intent.refundable_minor} minor units are left to be refunded.")


def _is_above_limit(intent: Intent, amount: int) -> bool:
    """Over all refunds of the purchase, so that cutting it into parts does not pass under it."""
    limit = settings.REFUND_APPROVAL_MINOR.get(intent.currency, 0)
    return bool(intent.refunding_minor + intent.refunded_minor + amount > limit)


def _require_credits(refund: Refund) -> None:
    if settings.REFUND_BOOKS_DEBT:
        return
    free = paid_credits_free(refund.user_id)
    if free < refund.credits:
        sentence = f"This refund takes {refund.credits} credits, and {free} of them are there."
        raise CreditsSpent(sentence)


def _set_out(refund: Refund, now: datetime) -> None:
    """On its way once this is committed; if nothing comes of that, the clock looks after it."""
    follow_up_at = now + timedelta(seconds=settings.INTENT_POLL_SECONDS)
    change_refund(refund, state=State.UNKNOWN, follow_up_at=follow_up_at)
    on_commit(partial(_send_now, refund.pk))


def _send_now(refund_id: UUID) -> None:
    send(refund_id, clock.now())


def _note(refund: Refund, intent: Intent, actor_id: UUID, request_id: str) -> None:
    record(
        actor_id=actor_id,
        action="refund.requested",
        target_type="intent",
        target_id=intent.pk,
        reason=refund.reason,
        after={
            "refund": str(refund.pk),
            "amount_minor": refund.amount_minor,
            "currency": intent.currency,
            "credits": refund.credits,
        },
        request_id=request_id,
    )


def _ask_second_person(refund: Refund, actor_id: UUID, now: datetime, request_id: str) -> None:
    approvals.request(
        kind=APPROVAL_KIND,
        target_type="intent",
        target_id=refund.intent_id,
        payload={
            "refund_id": str(refund.pk),
            "amount_minor": refund.amount_minor,
            "currency": refund.intent.currency,
        },
        reason=refund.reason,
        actor_id=actor_id,
        now=now,
        request_id=request_id,
    )
