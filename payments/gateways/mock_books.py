"""How money moves in the books of the mock providers, line by line of their statements.

What a provider would refuse raises ``GatewayRefused``. Each function is one transaction, and the
row that guards it is the payment's.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import F

from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import Conflict
from payments.gateways.base import DisputeState, GatewayRefused, LineKind, RefundState
from payments.gateways.mock_statement import write_line
from payments.gateways.models import MockDispute, MockPayment, MockRefund
from payments.intents.states import Status

__all__ = [
    "close_dispute",
    "let_refunds_fail",
    "make_refund",
    "move",
    "open_dispute",
    "settle_refund",
]

REFUND_FAILURE: Final = "lost_or_stolen_card"


def move(
    ref: str,
    to: Status,
    now: datetime,
    *,
    failure_code: str = "",
    settles_at: datetime | None = None,
) -> MockPayment:
    """The payment after it moved, or as it is if it succeeded before: that is for ever.

    Raises ``Conflict`` if it was canceled.
    """

    def moved() -> MockPayment:
        payment = MockPayment.objects.get(pk=ref)
        if payment.status == Status.SUCCEEDED:
            return payment
        if payment.status == Status.CANCELED:
            raise Conflict("The provider takes no money for this intent any more.")
        seen = MockPayment.objects.filter(pk=ref, status=payment.status)
        values = {"status": to, "failure_code": failure_code, "settles_at": settles_at}
        if not change_one(seen, **values):
            raise StaleRead("the mock payment moved meanwhile")
        payment.status, payment.failure_code, payment.settles_at = to, failure_code, settles_at
        if to is Status.SUCCEEDED:
            write_line(payment, LineKind.PAYMENT, ref, payment.amount_minor, now)
        return payment

    return run_atomic(moved)


def make_refund(
    payment: MockPayment,
    *,
    ref: str,
    refund_id: UUID | None,
    amount_minor: int,
    is_debited_at_once: bool,
    now: datetime,
) -> MockRefund:
    """A new refund, settled at once or pending; the first one again for the same ``ref``.

    ``is_debited_at_once`` says whether the statement tells of it while it is pending.
    """
    delay = timedelta(seconds=settings.MOCK_REFUND_DELAY_SECONDS)
    is_pending = bool(delay) or payment.refunds_fail
    refund = MockRefund(
        ref=ref,
        provider=payment.provider,
        payment=payment,
        refund_id=refund_id,
        amount_minor=amount_minor,
        state=RefundState.PENDING if is_pending else RefundState.SUCCEEDED,
        due_at=now + delay,
        created_at=now,
    )

    def make() -> MockRefund:
        known = MockRefund.objects.select_related("payment").filter(pk=ref).first()
        if known is not None:
            return known
        _take(payment.ref, amount_minor)
        refund.save(force_insert=True)
        if is_debited_at_once or not is_pending:
            write_line(payment, LineKind.REFUND, ref, -amount_minor, now)
        return refund

    made = run_atomic(make)
    if made.amount_minor != amount_minor:
        raise GatewayRefused("idempotency_error", "The key was used for another amount.")
    return made


def settle_refund(ref: str, *, is_debited_at_once: bool, now: datetime) -> MockRefund | None:
    """Have a refund come through, or fail, and be told of; None if that has happened already."""

    def settle() -> MockRefund | None:
        refund = MockRefund.objects.select_related("payment").get(pk=ref)
        if refund.due_at is None:
            return None
        was_pending = refund.state == RefundState.PENDING
        fails = was_pending and refund.payment.refunds_fail
        state = RefundState.FAILED if fails else RefundState.SUCCEEDED
        failure_code = REFUND_FAILURE if fails else ""
        seen = MockRefund.objects.filter(pk=ref, due_at=refund.due_at)
        if not change_one(seen, state=state, failure_code=failure_code, due_at=None):
            raise StaleRead("the mock refund was settled meanwhile")
        if fails:
            _give_up(refund, is_debited_at_once, now)
        elif was_pending and not is_debited_at_once:
            write_line(refund.payment, LineKind.REFUND, ref, -refund.amount_minor, now)
        refund.state, refund.failure_code, refund.due_at = state, failure_code, None
        return refund

    return run_atomic(settle)


def let_refunds_fail(ref: str) -> None:
    """From now on refunds of this payment are accepted, stay pending and fail in the end."""
    run_atomic(lambda: change_one(MockPayment.objects.filter(pk=ref), refunds_fail=True))


def open_dispute(payment: MockPayment, ref: str, now: datetime) -> MockDispute:
    """A dispute over all that was not given back; the provider takes it at once."""

    def opened() -> MockDispute:
        if MockDispute.objects.filter(pk=ref).exists():
            raise GatewayRefused("charge_disputed", "The payment has been disputed already.")
        amount = _take(payment.ref)
        dispute = MockDispute(
            ref=ref,
            payment=payment,
            amount_minor=amount,
            state=DisputeState.OPENED,
            created_at=now,
        )
        dispute.save(force_insert=True)
        write_line(payment, LineKind.DISPUTE, ref, -amount, now)
        return dispute

    return run_atomic(opened)


def close_dispute(ref: str, state: DisputeState, now: datetime) -> MockDispute:
    """A dispute decided; won, the money comes back and could be refunded again."""

    def closed() -> MockDispute:
        dispute = MockDispute.objects.select_related("payment").filter(pk=ref).first()
        if dispute is None:
            raise GatewayRefused("resource_missing", "There is no dispute over this payment.")
        if not change_one(
            MockDispute.objects.filter(pk=ref, state=DisputeState.OPENED), state=state
        ):
            raise GatewayRefused("dispute_closed", "The dispute has been decided already.")
        dispute.state = state
        if state is DisputeState.WON:
            _untake(dispute.payment_id, dispute.amount_minor)
            write_line(dispute.payment, LineKind.DISPUTE_WON, ref, dispute.amount_minor, now)
        return dispute

    return run_atomic(closed)


def _take(payment_ref: str, amount_minor: int | None = None) -> int:
    """Count an amount, or all that is left, as gone from a payment; how much it was."""
    payment = MockPayment.objects.get(pk=payment_ref)
    left = payment.amount_minor - payment.returned_minor
    amount = left if amount_minor is None else amount_minor
    if payment.status != Status.SUCCEEDED:
        raise GatewayRefused("charge_not_paid", "The payment has not been paid.")
    if MockDispute.objects.filter(payment=payment, state=DisputeState.OPENED).exists():
        raise GatewayRefused("charge_disputed", "The payment is disputed.")
    if left == 0:
        raise GatewayRefused("charge_already_refunded", "The payment has been refunded already.")
    if amount > left:
        raise GatewayRefused("amount_too_large", "There is less left of the payment.")
    seen = MockPayment.objects.filter(pk=payment_ref, returned_minor=payment.returned_minor)
    if not change_one(seen, returned_minor=payment.returned_minor + amount):
        raise StaleRead("the mock payment was refunded meanwhile")
    return amount


def _untake(payment_ref: str, amount_minor: int) -> None:
    payment = MockPayment.objects.filter(pk=payment_ref)
    change_one(payment, returned_minor=F("returned_minor") - amount_minor)


def _give_up(refund: MockRefund, is_debited_at_once: bool, now: datetime) -> None:
    _untake(refund.payment_id, refund.amount_minor)
    if is_debited_at_once:
        write_line(refund.payment, LineKind.REFUND_FAILED, refund.ref, refund.amount_minor, now)
