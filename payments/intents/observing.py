"""What all doors for a provider's news have in common, be they of a payment, a refund or a
dispute: each is judged, what follows is written once, and it is noted in the intent's history."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from pairly.alerts.models import Severity
from pairly.alerts.services import raise_alert
from pairly.core.db import StaleRead, change_one, in_atomic_block, run_atomic
from payments.intents.models import Intent, Observed

__all__ = [
    "SET_ASIDE_ALERT",
    "Judgement",
    "News",
    "aside",
    "change_intent",
    "note",
    "noted",
    "with_retry",
]

ATTEMPTS_MAX = 3
SET_ASIDE_ALERT = "set_aside"
GUARDS = (
    *("status", "provider_ref"),
    *("refunding_minor", "refunded_minor", "disputed_minor", "lost_minor"),
)
"""What an intent is compared by before it is changed."""

Source = Observed.Source
Verdict = Observed.Verdict
About = Observed.About


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is noted of an observation, whatever it is about. ``observed_id`` names it (a
    webhook's id); given again, nothing happens again."""

    about: About
    ref: str
    status: str
    amount_minor: int | None
    currency: str
    at: datetime
    source: Source
    observed_id: UUID | None


def noted(observed_id: UUID | None) -> Judgement | None:
    """What was made of it, if it has been seen before."""
    before = Observed.objects.filter(pk=observed_id).first() if observed_id else None
    return Judgement(Verdict(before.verdict), before.reason) if before else None


def aside(reason: str) -> Judgement:
    """It is not what we know of, so somebody has to look."""
    return Judgement(Verdict.SET_ASIDE, reason)


def note(intent: Intent, news: News, judgement: Judgement, now: datetime) -> None:
    """Write it into the intent's history, unless it says nothing new."""
    if not _is_new(intent, news, judgement):
        return
    if judgement.verdict == Verdict.SET_ASIDE:
        _tell_staff(intent, news, judgement, now)
    row = Observed(
        intent_id=intent.pk,
        source=news.source,
        about=news.about,
        ref=news.ref,
        status=news.status,
        amount_minor=news.amount_minor,
        currency=news.currency,
        verdict=judgement.verdict,
        reason=judgement.reason,
        observed_at=news.at,
        created_at=now,
    )
    if news.observed_id is not None:
        row.id = news.observed_id
    row.save()


def _tell_staff(intent: Intent, news: News, judgement: Judgement, now: datetime) -> None:
    raise_alert(
        kind=SET_ASIDE_ALERT,
        key=str(intent.pk),
        severity=Severity.WARNING,
        title=f"What {intent.provider} says of the purchase {intent.pk} does not fit",
        details=f"{news.about.label} {news.ref} is set aside: {judgement.reason}.",
        now=now,
    )


def change_intent(intent: Intent, **changes: object) -> None:
    """Compare and set. Raises ``StaleRead`` if it is no longer what was read."""
    seen = Intent.objects.filter(pk=intent.pk, **{name: getattr(intent, name) for name in GUARDS})
    if not change_one(seen, **changes):
        raise StaleRead(f"the intent {intent.pk} moved meanwhile")
    for name, value in changes.items():
        setattr(intent, name, value)


def with_retry(block: Callable[[], Judgement]) -> Judgement:
    """Who was second to insert a row looks again, and finds what the first has written."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return run_atomic(block)
        except IntegrityError:
            if in_atomic_block() or attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _is_new(intent: Intent, news: News, judgement: Judgement) -> bool:
    """Every webhook is noted. Of what is asked again and again, only what was not noted yet."""
    if news.source == Source.WEBHOOK or judgement.verdict == Verdict.APPLIED:
        return True
    if judgement.verdict == Verdict.IGNORED:
        return False
    return not Observed.objects.filter(
        intent_id=intent.pk, verdict=Verdict.SET_ASIDE, reason=judgement.reason
    ).exists()
