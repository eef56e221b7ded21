"""Staff decide about purchases whose credits are held."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from pairly.audit.services import record
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from pairly.core.ids import new_id
from pairly.outbox.services import emit
from pairly.realtime.services import announce
from payments.debts import settle_debt
from payments.events import CreditsAdded
from payments.fraud.holds import change_review, operation_of, release
from payments.fraud.models import Review
from payments.refunds.services import refund_payment
from payments.selectors import wallet_of

__all__ = ["approve", "reject"]

State = Review.State


def approve(
    *, review_id: UUID, actor_id: UUID, reason: str, now: datetime, request_id: str = ""
) -> Review:
    """Set the credits free; what the buyer owes is paid from them first.

    Decided alike before, it stays as it is. Raises ``NotFound``, ``Conflict`` when it was decided
    otherwise or is over, ``PermissionDenied`` for one's own purchase, ``ValidationFailed``.
    """

    def set_free(review: Review, **decided: Any) -> None:
        held, operation = review.held, operation_of(review.pk)
        release(review, now, **decided)
        settle_debt(review.user_id, operation, now)
        announce([review.user_id], "wallet.updated", wallet_of(review.user_id).to_dict(), now)
        if held:  # Nothing is, where all of it went to what was owed.
            emit(CreditsAdded(review.user_id, held, "released", operation))

    return _decide(State.APPROVED, set_free, review_id, actor_id, reason, now, request_id)


def reject(
    *, review_id: UUID, actor_id: UUID, reason: str, now: datetime, request_id: str = ""
) -> Review:
    """Give back all money that is left of the purchase. Its credits pass from the hold of the
    review to that of the refund in one transaction; should the refund fail, they come back and
    the review waits again.

    Decided alike before, it stays as it is. Raises as ``approve`` and ``refund_payment``.
    """
    operation_id = new_id()

    def send_back(review: Review, **decided: Any) -> None:
        change_review(review, **decided)
        refund_payment(
            intent_id=review_id,
            amount_minor=None,
            reason=reason,
            actor_id=actor_id,
            operation_id=operation_id,
            now=now,
            request_id=request_id,
        )

    return _decide(State.REJECTED, send_back, review_id, actor_id, reason, now, request_id)


def _decide(
    state: Review.State,
    carry_out: Callable[..., None],
    review_id: UUID,
    actor_id: UUID,
    reason: str,
    now: datetime,
    request_id: str,
) -> Review:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")

    def decide() -> Review:
        review: Review | None = Review.objects.filter(pk=review_id).first()
        if review is None:
            raise NotFound
        if review.user_id == actor_id:
            raise PermissionDenied("Somebody else decides about what you bought.")
        if review.state == state:
            return review
        if review.state != State.HELD:
            raise Conflict(f"This review is {review.state} already.")
        carry_out(review, state=state, actor_id=actor_id, reason=reason, decided_at=now)
        record(
            actor_id=actor_id,
            action=f"review.{state}",
            target_type="intent",
            target_id=review_id,
            reason=reason,
            before={"state": State.HELD},
            after={"state": state, "credits": review.credits},
            request_id=request_id,
        )
        return Review.objects.get(pk=review_id)

    return run_atomic(decide)
