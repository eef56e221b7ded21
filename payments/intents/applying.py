"""What comes of an observation of a payment: the one place where an intent becomes paid or moves
towards it, and where a purchase is booked.

Webhooks, polls and answers of providers all end here, in any order and any number. An intent
moves to a higher rank only; what moves nothing is noted all the same.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pairly.core.db import change_one, run_atomic
from pairly.outbox.services import emit
from payments.events import PaymentFailed
from payments.gateways.base import Observation
from payments.intents.models import Intent, Observed
from payments.intents.observing import (
    Judgement,
    News,
    aside,
    change_intent,
    note,
    noted,
    with_retry,
)
from payments.intents.purchases import complete_purchase
from payments.intents.states import OPEN, Status, may_follow

__all__ = ["Judgement", "apply", "expire", "judge"]

Source = Observed.Source
Verdict = Observed.Verdict


def judge(intent: Intent, seen: Observation) -> Judgement:
    """What to make of an observation; pure. Money that is not the intent's is never believed."""
    if seen.currency != intent.currency:
        return aside(f"currency {seen.currency} for {intent.currency}")
    for amount in (seen.amount_minor, seen.received_minor):
        if amount is not None and amount != intent.amount_minor:
            return aside(f"amount {amount} for {intent.amount_minor}")
    if intent.provider_ref not in ("", seen.ref):
        return aside("another payment at the provider")
    if not may_follow(intent.status, seen.status):
        return Judgement(Verdict.IGNORED, f"the intent is {intent.status} already")
    return Judgement(Verdict.APPLIED)


def apply(
    *,
    intent_id: UUID,
    seen: Observation,
    source: Source,
    now: datetime,
    observed_id: UUID | None = None,
) -> Judgement:
    """Judge an observation of an intent and, if it moves it, move it and book what follows.

    ``observed_id`` names the observation (a webhook's id); given again, nothing happens again.
    """
    money = seen.amount_minor if seen.received_minor is None else seen.received_minor
    news = News(
        about=Observed.About.PAYMENT,
        ref=seen.ref,
        status=seen.status,
        amount_minor=money,
        currency=seen.currency,
        at=seen.at,
        source=source,
        observed_id=observed_id,
    )
    return with_retry(lambda: _apply(intent_id, seen, news, now))


def expire(*, intent_id: UUID, now: datetime) -> bool:
    """Mark an open intent whose time is over; False if it is not open any more."""
    still_open = Intent.objects.filter(pk=intent_id, status__in=OPEN, expires_at__lte=now)
    return run_atomic(lambda: change_one(still_open, status=Status.EXPIRED, follow_up_at=None))


def _apply(intent_id: UUID, seen: Observation, news: News, now: datetime) -> Judgement:
    before = noted(news.observed_id)
    if before is not None:
        return before
    intent = Intent.objects.get(pk=intent_id)
    judgement = judge(intent, seen)
    changes = _changes(intent, seen, judgement, now)
    if changes:
        change_intent(intent, **changes)
    note(intent, news, judgement, now)
    if judgement.verdict == Verdict.APPLIED:
        _follow(intent, seen.status, now)
    return judgement


def _follow(intent: Intent, status: Status, now: datetime) -> None:
    if status == Status.SUCCEEDED:
        complete_purchase(intent, now)
    elif status == Status.FAILED:
        emit(
            PaymentFailed(
                intent.user_id,
                intent.pk,
                intent.failure_code,
                intent.amount_minor,
                intent.currency,
            )
        )


def _changes(
    intent: Intent, seen: Observation, judgement: Judgement, now: datetime
) -> dict[str, Any]:
    if judgement.verdict == Verdict.SET_ASIDE:
        return {}
    changes: dict[str, Any] = {}
    if not intent.provider_ref:
        changes["provider_ref"] = seen.ref
    if seen.client_secret and not intent.client_secret:
        changes["client_secret"] = seen.client_secret
    if judgement.verdict == Verdict.IGNORED:
        return changes
    changes["status"] = seen.status.value
    if seen.status == Status.FAILED:
        changes["failure_code"] = seen.failure_code
    if seen.status == Status.SUCCEEDED:
        changes |= {"failure_code": "", "paid_at": now}
    if seen.status in (Status.SUCCEEDED, Status.CANCELED):
        changes["follow_up_at"] = None
    return changes
