"""Holding the credits of a purchase under review. All of it inside the caller's transaction.

The row of the review guards its hold: whoever changes how much is held changes the row, so of two
at once the second looks again.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pairly.core.db import StaleRead, change_one
from payments.fraud.models import Band, FraudCheck, Review
from payments.intents.models import Intent
from payments.ledger.accounts import ISSUED, PAID, house_key, personal_key
from payments.ledger.services import account_ids, pending, post, resolution
from payments.ledger.transfers import Posting
from payments.selectors import paid_credits_free

__all__ = [
    "REVIEW",
    "change_review",
    "hold_again",
    "hold_for_review",
    "hold_name",
    "make_room",
    "operation_of",
    "release",
]

REVIEW = "review"

State = Review.State


def operation_of(review_id: UUID) -> str:
    """The name of a review in the ledger, and the group of its holds."""
    return f"{REVIEW}:{review_id}"


def hold_name(review: Review) -> str:
    """The id of the transfer that holds the review's credits now."""
    operation = operation_of(review.pk)
    return operation if review.holds == 1 else f"{operation}/{review.holds}"


def hold_for_review(intent: Intent, now: datetime) -> None:
    """Hold what was just bought, if the attempt was scored for review. Call it when the credits
    are booked and before anything else is done with them."""
    if not FraudCheck.objects.filter(pk=intent.pk, band=Band.REVIEW).exists():
        return
    review = Review(
        id=intent.pk,
        user_id=intent.user_id,
        credits=intent.credits,
        held=intent.credits,
        created_at=now,
    )
    review.save(force_insert=True)
    post([pending(_posting(review, now))], now)


def make_room(intent_id: UUID, credits: int, now: datetime) -> None:
    """Free so many of the credits that a review holds, for a refund or dispute of the purchase to
    hold instead. A review that has nothing left to decide is over."""
    review = Review.objects.filter(pk=intent_id, state__in=[State.HELD, State.REJECTED]).first()
    if review is None or not credits:
        return
    left = max(0, review.held - credits)
    is_over = left == 0 and review.state == State.HELD
    _resize(review, left, now, **({"state": State.CLOSED, "decided_at": now} if is_over else {}))


def hold_again(intent_id: UUID, credits: int, now: datetime) -> None:
    """The money of a purchase that nobody approved did not go back after all: hold what was freed
    for that, as far as it is still there, and let staff decide once more."""
    review = Review.objects.filter(pk=intent_id).exclude(state=State.APPROVED).first()
    if review is None or not credits:
        return
    held = review.held + min(credits, paid_credits_free(review.user_id))
    _resize(review, held, now, state=State.HELD, actor_id=None, decided_at=None)


def release(review: Review, now: datetime, **changes: Any) -> None:
    """Free everything that is held, and change the review."""
    _resize(review, 0, now, **changes)


def change_review(review: Review, **changes: Any) -> None:
    """Compare and set. Raises ``StaleRead`` if it is not any more as it was read."""
    seen = Review.objects.filter(pk=review.pk, state=review.state, holds=review.holds)
    if not change_one(seen, **changes):
        raise StaleRead(f"the review {review.pk} changed meanwhile")
    for name, value in changes.items():
        setattr(review, name, value)


def _resize(review: Review, held: int, now: datetime, **changes: Any) -> None:
    """Void the hold that there is and make another of what is still to be held."""
    hold = _posting(review, now) if review.held else None
    change_review(review, held=held, holds=review.holds + 1, **changes)
    if hold is not None:
        post([resolution(hold, id=f"{hold.id}/void", amount=0, kind=REVIEW)], now)
    if held:
        post([pending(_posting(review, now))], now)


def _posting(review: Review, now: datetime) -> Posting:
    """What the review holds now: back to where the credits came from."""
    keys = (personal_key(review.user_id, PAID), house_key(ISSUED))
    ids = account_ids(keys, now)
    paid, issued = (ids[key] for key in keys)
    return Posting(
        id=hold_name(review),
        debit=paid,
        credit=issued,
        amount=review.held,
        kind=REVIEW,
        group=operation_of(review.pk),
    )
