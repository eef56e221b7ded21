"""What comes of an observation: the one place where an intent moves and a purchase is booked.

Webhooks, polls and answers of providers all end here, in any order and any number. An intent
moves to a higher rank only; what moves nothing is noted all the same.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from pairly.core.db import StaleRead, change_one, in_atomic_block, run_atomic
from payments.gateways.base import Observation
from payments.intents.models import Intent, Observed
from payments.intents.purchases import complete_purchase
from payments.intents.states import OPEN, Status, may_follow

__all__ = ["Judgement", "apply", "expire", "judge"]

logger = logging.getLogger(__name__)

ATTEMPTS_MAX = 3

Source = Observed.Source
Verdict = Observed.Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    reason: str = ""


def judge(intent: Intent, seen: Observation) -> Judgement:
    """What to make of an observation; pure. Money that is not the intent's is never believed."""
    if seen.currency != intent.currency:
        return Judgement(Verdict.SET_ASIDE, f"currency {seen.currency} for {intent.currency}")
    for amount in (seen.amount_minor, seen.received_minor):
        if amount is not None and amount != intent.amount_minor:
            return Judgement(Verdict.SET_ASIDE, f"amount {amount} for {intent.amount_minor}")
    if intent.provider_ref not in ("", seen.ref):
        return Judgement(Verdict.SET_ASIDE, "another payment at the provider")
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
    return _with_retry(lambda: _apply(intent_id, seen, source, now, observed_id))


def expire(*, intent_id: UUID, now: datetime) -> bool:
    """Mark an open intent whose time is over; False if it is not open any more."""
    still_open = Intent.objects.filter(pk=intent_id, status__in=OPEN, expires_at__lte=now)
    return run_atomic(lambda: change_one(still_open, status=Status.EXPIRED, follow_up_at=None))


def _with_retry(block: Callable[[], Judgement]) -> Judgement:
    """Who was second to insert a row looks again, and finds what the first has written."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return run_atomic(block)
        except IntegrityError:
            if in_atomic_block() or attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _apply(
    intent_id: UUID, seen: Observation, source: Source, now: datetime, observed_id: UUID | None
) -> Judgement:
    if observed_id is not None:
        before = Observed.objects.filter(pk=observed_id).first()
        if before is not None:
            return Judgement(Verdict(before.verdict), before.reason)
    intent = Intent.objects.get(pk=intent_id)
    judgement = judge(intent, seen)
    changes = _changes(intent, seen, judgement, now)
    if changes:
        _change(intent, changes)
    if _is_news(intent_id, source, judgement):
        _note(intent_id, seen, source, judgement, now, observed_id)
    if judgement.verdict == Verdict.APPLIED and seen.status == Status.SUCCEEDED:
        complete_purchase(intent, now)
    return judgement


def _changes(
    intent: Intent, seen: Observation, judgement: Judgement, now: datetime
) -> dict[str, Any]:
    if judgement.verdict == Verdict.SET_ASIDE:
        logger.error("an observation was set aside: intent %s, %s", intent.pk, judgement.reason)
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


def _change(intent: Intent, changes: dict[str, Any]) -> None:
    seen = Intent.objects.filter(
        pk=intent.pk, status=intent.status, provider_ref=intent.provider_ref
    )
    if not change_one(seen, **changes):
        raise StaleRead(f"the intent {intent.pk} moved meanwhile")
    for name, value in changes.items():
        setattr(intent, name, value)


def _is_news(intent_id: UUID, source: Source, judgement: Judgement) -> bool:
    """Every webhook is noted. Of what is asked again and again, only what was not noted yet."""
    if source == Source.WEBHOOK or judgement.verdict == Verdict.APPLIED:
        return True
    if judgement.verdict == Verdict.IGNORED:
        return False
    return not Observed.objects.filter(
        intent_id=intent_id, verdict=Verdict.SET_ASIDE, reason=judgement.reason
    ).exists()


def _note(
    intent_id: UUID,
    seen: Observation,
    source: Source,
    judgement: Judgement,
    now: datetime,
    observed_id: UUID | None,
) -> None:
    money = seen.amount_minor if seen.received_minor is None else seen.received_minor
    row = Observed(
        intent_id=intent_id,
        source=source,
        status=seen.status,
        amount_minor=money,
        currency=seen.currency,
        verdict=judgement.verdict,
        reason=judgement.reason,
        observed_at=seen.at,
        created_at=now,
    )
    if observed_id is not None:
        row.id = observed_id
    row.save()
