"""What comes of a provider's word about a refund: the one place where a refund moves, its credits
are taken and its money is booked.

Webhooks, polls and answers of providers all end here, in any order and any number. Refunds that
were made in the provider's own dashboard are taken up: that money is gone, whatever our rules say.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from pairly.core.db import StaleRead, change_one
from pairly.outbox.services import emit
from payments.claims import credits_to_hold, credits_to_keep, credits_to_take
from payments.errors import NotPaid, RefundTooLarge
from payments.events import RefundFailed, RefundSettled
from payments.fraud.holds import hold_again, make_room
from payments.gateways.base import RefundSeen
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
from payments.intents.states import PAID
from payments.ledger.accounts import REFUNDS
from payments.refunds.models import Refund
from payments.refunds.selectors import refund_of
from payments.refunds.states import UNSETTLED, State, may_follow
from payments.reversals import (
    Reversal,
    change_standing,
    claims_on,
    give_back,
    hold,
    move_money,
    release,
    sold_of,
    take,
    tell_wallet,
)

__all__ = ["apply_refund", "begin", "change_refund", "give_up", "reversal_of"]

Verdict = Observed.Verdict


def apply_refund(
    *,
    intent_id: UUID,
    seen: RefundSeen,
    source: Observed.Source,
    now: datetime,
    observed_id: UUID | None = None,
) -> Judgement:
    """Judge what the provider says of a refund of this intent and, if it moves it, move it.

    ``observed_id`` names the observation; given again, nothing happens again. Raises ``NotPaid``
    and ``RefundTooLarge`` for a refund of the provider's own that cannot be true yet.
    """
    news = News(
        about=Observed.About.REFUND,
        ref=seen.ref,
        status=seen.state,
        amount_minor=seen.amount_minor,
        currency=seen.currency,
        at=seen.at,
        source=source,
        observed_id=observed_id,
    )
    return with_retry(lambda: _apply(intent_id, seen, news, now))


def begin(refund: Refund, intent: Intent, now: datetime) -> None:
    """Store a new refund: its amount counts as on its way back, and its credits are held as far
    as they are there. Inside a transaction."""
    change_intent(intent, refunding_minor=intent.refunding_minor + refund.amount_minor)
    refund.save(force_insert=True)
    hold(reversal_of(refund), refund.credits, now)


def give_up(refund: Refund, intent: Intent, state: State, now: datetime, **changes: Any) -> None:
    """End a refund that has not been settled: nothing goes back. Inside a transaction."""
    freed = refund.credits
    keep = credits_to_keep(sold_of(intent), claims_on(intent, besides=refund.pk))
    change_refund(refund, state=state, credits=keep, follow_up_at=None, **changes)
    change_intent(intent, refunding_minor=intent.refunding_minor - refund.amount_minor)
    release(reversal_of(refund), now, keep=keep)
    hold_again(intent.pk, freed - keep, now)


def reversal_of(refund: Refund) -> Reversal:
    return Reversal(operation=f"refund:{refund.pk}", kind="refund", user_id=refund.user_id)


def change_refund(refund: Refund, **changes: Any) -> None:
    """Compare and set. Raises ``StaleRead`` if it is no longer in the state that was read."""
    seen = Refund.objects.filter(pk=refund.pk, state=refund.state)
    if not change_one(seen, **changes):
        raise StaleRead(f"the refund {refund.pk} moved meanwhile")
    for name, value in changes.items():
        setattr(refund, name, value)


def _apply(intent_id: UUID, seen: RefundSeen, news: News, now: datetime) -> Judgement:
    before = noted(news.observed_id)
    if before is not None:
        return before
    intent = Intent.objects.get(pk=intent_id)
    refund = refund_of(seen)
    judgement = _judge_new(intent, seen) if refund is None else _judge(intent, refund, seen)
    if judgement.verdict == Verdict.APPLIED:
        refund = refund or _taken_up(intent, seen, now)
        _move(refund, intent, seen, now)
        tell_wallet(intent.user_id, now)
    note(intent, news, judgement, now)
    return judgement


def _judge(intent: Intent, refund: Refund, seen: RefundSeen) -> Judgement:
    if refund.intent_id != intent.pk or refund.provider_ref not in ("", seen.ref):
        return aside("another refund at the provider")
    if seen.currency != intent.currency:
        return aside(f"a refund in {seen.currency} of a payment in {intent.currency}")
    if seen.amount_minor != refund.amount_minor:
        return aside(f"refund of {seen.amount_minor} for {refund.amount_minor}")
    if not may_follow(refund.state, seen.state):
        return Judgement(Verdict.IGNORED, f"the refund is {refund.state} already")
    return Judgement(Verdict.APPLIED)


def _judge_new(intent: Intent, seen: RefundSeen) -> Judgement:
    """One that we did not ask for. If it does not fit what is left, one of ours has failed and we
    have not heard of it yet: the provider never gives back more than was paid."""
    if seen.currency != intent.currency:
        return aside(f"a refund in {seen.currency} of a payment in {intent.currency}")
    if not 1 <= seen.amount_minor <= intent.amount_minor:
        return aside(f"refund of {seen.amount_minor} of {intent.amount_minor}")
    if intent.status not in PAID:
        raise NotPaid
    waiting = Refund.objects.filter(intent_id=intent.pk, state=State.REQUESTED)
    if seen.amount_minor > _left_of(intent) + sum(waiting.values_list("amount_minor", flat=True)):
        raise RefundTooLarge
    return Judgement(Verdict.APPLIED)


def _left_of(intent: Intent) -> int:
    """Whatever disputes took, since the provider may give it back once more."""
    return intent.amount_minor - intent.refunding_minor - intent.refunded_minor


def _taken_up(intent: Intent, seen: RefundSeen, now: datetime) -> Refund:
    """What still waits for a second person gives way to it. Until it is settled it is asked about,
    as ours are: word of its end may be lost."""
    for waiting in Refund.objects.filter(intent_id=intent.pk, state=State.REQUESTED):
        if seen.amount_minor > _left_of(intent):
            give_up(waiting, intent, State.REJECTED, now, failure_code="made_at_provider")
    refund = Refund(
        intent=intent,
        user_id=intent.user_id,
        amount_minor=seen.amount_minor,
        credits=credits_to_hold(sold_of(intent), seen.amount_minor, claims_on(intent)),
        provider=intent.provider,
        state=State.UNKNOWN,
        reason="made at the provider",
        follow_up_at=now + timedelta(seconds=settings.INTENT_POLL_SECONDS),
        created_at=now,
    )
    if seen.refund_id is not None:
        refund.id = seen.refund_id
    make_room(intent.pk, refund.credits, now)
    begin(refund, intent, now)
    return refund


def _move(refund: Refund, intent: Intent, seen: RefundSeen, now: datetime) -> None:
    changes = {"provider_ref": refund.provider_ref or seen.ref}
    state = State(seen.state)
    if state == State.PENDING:
        change_refund(refund, state=state, **changes)
    elif state == State.SUCCEEDED:
        _settle(refund, intent, now, **changes)
    else:
        _fail(refund, intent, now, failure_code=seen.failure_code, **changes)


def _settle(refund: Refund, intent: Intent, now: datetime, **changes: Any) -> None:
    others = claims_on(intent, besides=refund.pk)
    credits = credits_to_take(sold_of(intent), refund.amount_minor, refund.credits, others)
    changes |= {"credits": credits, "settled_at": now, "follow_up_at": None}
    change_refund(refund, state=State.SUCCEEDED, **changes)
    change_standing(
        intent,
        refunding_minor=intent.refunding_minor - refund.amount_minor,
        refunded_minor=intent.refunded_minor + refund.amount_minor,
    )
    take(reversal_of(refund), credits, now)
    move_money(reversal_of(refund), intent, REFUNDS, refund.amount_minor, now, back=False)
    emit(
        RefundSettled(
            intent.user_id,
            intent.pk,
            refund.pk,
            refund.amount_minor,
            credits,
            intent.currency,
        )
    )


def _fail(refund: Refund, intent: Intent, now: datetime, **changes: Any) -> None:
    if refund.state in UNSETTLED:
        give_up(refund, intent, State.FAILED, now, **changes)
    else:
        _undo(refund, intent, now, **changes)
    emit(RefundFailed(intent.user_id, intent.pk, refund.pk, refund.amount_minor, intent.currency))


def _undo(refund: Refund, intent: Intent, now: datetime, **changes: Any) -> None:
    """It had been settled, and the money came back to us."""
    reversal, taken = reversal_of(refund), refund.credits
    keep = credits_to_keep(sold_of(intent), claims_on(intent, besides=refund.pk))
    change_refund(refund, state=State.FAILED, credits=keep, **changes)
    change_standing(intent, refunded_minor=intent.refunded_minor - refund.amount_minor)
    give_back(reversal, taken - keep, now)
    hold_again(intent.pk, taken - keep, now)
    move_money(reversal, intent, REFUNDS, refund.amount_minor, now, back=True)
