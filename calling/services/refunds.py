"""Giving back what a call cost, in whole or in part, never more than was charged."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from calling.models import Call, CallRefund
from calling.selectors import call_by_id
from calling.services.billing import minute_name
from calling.services.desk import change
from pairly.audit.services import record
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict, PermissionDenied, ValidationFailed
from payments.services import return_charges

__all__ = ["refund_call"]


def refund_call(
    *,
    call_id: UUID,
    credits: int | None,
    reason: str,
    actor_id: UUID,
    operation_id: UUID,
    now: datetime,
    request_id: str = "",
) -> CallRefund:
    """Give the caller so many credits back, None for all that is left, once per operation id.

    Paid credits come back before bonus ones; the callee gives up its share of them, as far as it
    still has it, and what the caller owes by now is paid from them. Raises ``NotFound``,
    ``PermissionDenied`` (one's own call), ``ValidationFailed``, and ``Conflict`` (it goes on,
    nothing is left, or the id was used for something else).
    """

    def enter() -> CallRefund:
        call = call_by_id(call_id)
        first = CallRefund.objects.filter(pk=operation_id).first()
        if first is not None:
            if first.call_id != call_id or credits not in (None, first.credits):
                raise Conflict("This operation was used for something else.")
            return first
        _check(call, actor_id, credits)
        amount = call.credits - call.refunded if credits is None else credits
        _book(call, amount, operation_id, now)
        refund = CallRefund(
            id=operation_id, call_id=call.pk, credits=amount, actor_id=actor_id, created_at=now
        )
        refund.save(force_insert=True)
        record(
            actor_id=actor_id,
            action="call.refunded",
            target_type="call",
            target_id=call.pk,
            reason=reason,
            before={"refunded": call.refunded - amount},
            after={"refunded": call.refunded},
            request_id=request_id,
        )
        return refund

    with suppress(IntegrityError):  # The same was entered in between; then that is found.
        return run_atomic(enter)
    return run_atomic(enter)


def _check(call: Call, actor_id: UUID, credits: int | None) -> None:
    if call.has(actor_id):
        raise PermissionDenied("Nobody refunds their own calls.")
    if call.is_live:
        raise Conflict("This call goes on; end it first.")
    left = call.credits - call.refunded
    if not left:
        raise Conflict("Nothing of this call is left to be refunded.")
    if credits is not None and not 1 <= credits <= left:
        raise ValidationFailed.of("credits", "invalid", f"From 1 to {left} credits are left.")


def _book(call: Call, amount: int, operation_id: UUID, now: datetime) -> None:
    """The row of the call guards what is left."""
    earlier = CallRefund.objects.filter(call_id=call.pk).values_list("pk", flat=True)
    return_charges(
        payer_id=call.caller_id,
        charges=[minute_name(call, minute) for minute in range(1, call.charged_minutes + 1)],
        earlier=[_name(call, one) for one in earlier],
        credits=amount,
        operation=_name(call, operation_id),
        now=now,
    )
    change(call, refunded=call.refunded + amount)


def _name(call: Call, operation_id: UUID) -> str:
    return f"call:{call.pk}:refund:{operation_id}"
