"""What may be read of scores, rules and reviews. Searches seek in an index."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from pairly.accounts.selectors import user_by_email
from pairly.core.ids import first_id_at
from payments.fraud.models import FraudCheck, Review

__all__ = [
    "attempts_since",
    "checks_of",
    "find_checks",
    "find_reviews",
    "reviews_waiting",
]

Row = TypeVar("Row", bound=Model)


def find_checks(text: str) -> "QuerySet[FraudCheck]":
    """By the buyer's whole e-mail address or id, or by the id of the attempt and its purchase."""
    return _found(FraudCheck.objects.all(), text)


def find_reviews(text: str) -> "QuerySet[Review]":
    """As ``find_checks``; a review has its purchase's id."""
    return _found(Review.objects.all(), text)


def _found(rows: "QuerySet[Row]", text: str) -> "QuerySet[Row]":
    text = text.strip()
    if "@" in text:
        buyer = user_by_email(text)
        return rows.filter(user_id=buyer.pk) if buyer else rows.none()
    try:
        known = UUID(text)
    except ValueError:
        return rows.none()
    return rows.filter(Q(pk=known) | Q(user_id=known))


def checks_of(user_id: UUID) -> "QuerySet[FraudCheck]":
    """A person's attempts, the newest first."""
    return FraudCheck.objects.filter(user_id=user_id).order_by("-number")


def reviews_waiting() -> "QuerySet[Review]":
    return Review.objects.filter(state=Review.State.HELD)


def attempts_since(moment: datetime) -> "QuerySet[FraudCheck]":
    return FraudCheck.objects.filter(pk__gte=first_id_at(moment))
