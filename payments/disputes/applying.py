"""What comes of a provider's word about a dispute: the one place where one is opened and decided.

The provider takes the money when a dispute is opened and brings it back when it is won. Of the
buyer's credits those that are there are held meanwhile; a part that is spent stays untouched, since
nothing is proven yet, and becomes debt if the dispute is lost.
"""

from datetime import datetime
from uuid import UUID

from pairly.core.db import StaleRead, change_one
from pairly.outbox.services import emit
from payments.claims import credits_to_hold, credits_to_keep, credits_to_take
from payments.disputes.models import Dispute
from payments.disputes.selectors import dispute_of
from payments.disputes.states import State, may_follow
from payments.errors import NotPaid
from payments.events import DisputeClosed, DisputeOpened
from payments.fraud.holds import make_room
from payments.gateways.base import DisputeSeen
from payments.intents.models import Intent, Observed
from payments.intents.observing import Judgement, News, aside, note, noted, with_retry
from payments.intents.states import PAID
from payments.ledger.accounts import DISPUTES
from payments.reversals import (
    Reversal,
    change_standing,
    claims_on,
    hold,
    move_money,
    release,
    sold_of,
    take,
    tell_wallet,
)

__all__ = ["apply_dispute", "reversal_of"]

Verdict = Observed.Verdict
REASON_CHARACTERS_MAX = 200


def apply_dispute(
    *,
    intent_id: UUID,
    seen: DisputeSeen,
    source: Observed.Source,
    now: datetime,
    observed_id: UUID | None = None,
) -> Judgement:
    """Judge what the provider says of a dispute over this intent and, if it is news, follow it.
    One that is first heard of when it is decided is opened and decided at once.

    ``observed_id`` names the observation; given again, nothing happens again. Raises ``NotPaid``
    when we do not know of the payment yet.
    """
    news = News(
        about=Observed.About.DISPUTE,
        ref=seen.ref,
        status=seen.state,
        amount_minor=seen.amount_minor,
        currency=seen.currency,
        at=seen.at,
        source=source,
        observed_id=observed_id,
    )
    return with_retry(lambda: _apply(intent_id, seen, news, now))


def reversal_of(dispute: Dispute) -> Reversal:
    return Reversal(operation=f"dispute:{dispute.pk}", kind="dispute", user_id=dispute.user_id)


def _apply(intent_id: UUID, seen: DisputeSeen, news: News, now: datetime) -> Judgement:
    before = noted(news.observed_id)
    if before is not None:
        return before
    intent = Intent.objects.get(pk=intent_id)
    dispute = dispute_of(seen)
    judgement = _judge(intent, dispute, seen)
    if judgement.verdict == Verdict.APPLIED:
        dispute = dispute or _open(intent, seen, now)
        state = State(seen.state)
        if state != State.OPENED:
            _decide(dispute, intent, state, now)
        tell_wallet(intent.user_id, now)
    note(intent, news, judgement, now)
    return judgement


def _judge(intent: Intent, dispute: Dispute | None, seen: DisputeSeen) -> Judgement:
    if seen.currency != intent.currency:
        return aside(f"a dispute in {seen.currency} over a payment in {intent.currency}")
    if dispute is None:
        if not 1 <= seen.amount_minor <= intent.amount_minor:
            return aside(f"dispute over {seen.amount_minor} of {intent.amount_minor}")
        if intent.status not in PAID:
            raise NotPaid
        return Judgement(Verdict.APPLIED)
    if (dispute.intent_id, dispute.amount_minor) != (intent.pk, seen.amount_minor):
        return aside(f"dispute over {seen.amount_minor} for {dispute.amount_minor}")
    if not may_follow(dispute.state, seen.state):
        return Judgement(Verdict.IGNORED, f"the dispute is {dispute.state} already")
    return Judgement(Verdict.APPLIED)


def _open(intent: Intent, seen: DisputeSeen, now: datetime) -> Dispute:
    dispute = Dispute(
        intent=intent,
        user_id=intent.user_id,
        amount_minor=seen.amount_minor,
        credits=credits_to_hold(sold_of(intent), seen.amount_minor, claims_on(intent)),
        provider=intent.provider,
        provider_ref=seen.ref,
        state=State.OPENED,
        reason=seen.reason[:REASON_CHARACTERS_MAX],
        created_at=now,
    )
    dispute.save(force_insert=True)
    change_standing(intent, disputed_minor=intent.disputed_minor + dispute.amount_minor)
    make_room(intent.pk, dispute.credits, now)
    hold(reversal_of(dispute), dispute.credits, now)
    move_money(reversal_of(dispute), intent, DISPUTES, dispute.amount_minor, now, back=False)
    emit(
        DisputeOpened(intent.user_id, intent.pk, dispute.pk, dispute.amount_minor, intent.currency)
    )
    return dispute


def _decide(dispute: Dispute, intent: Intent, state: State, now: datetime) -> None:
    if state == State.WON:
        _win(dispute, intent, now)
    else:
        _lose(dispute, intent, now)
    won = state == State.WON
    emit(
        DisputeClosed(
            intent.user_id, intent.pk, dispute.pk, dispute.amount_minor, won, intent.currency
        )
    )


def _win(dispute: Dispute, intent: Intent, now: datetime) -> None:
    amount, reversal = dispute.amount_minor, reversal_of(dispute)
    keep = credits_to_keep(sold_of(intent), claims_on(intent, besides=dispute.pk))
    _close(dispute, state=State.WON, closed_at=now, credits=keep)
    change_standing(intent, disputed_minor=intent.disputed_minor - amount)
    release(reversal, now, keep=keep)
    move_money(reversal, intent, DISPUTES, amount, now, back=True)


def _lose(dispute: Dispute, intent: Intent, now: datetime) -> None:
    amount, others = dispute.amount_minor, claims_on(intent, besides=dispute.pk)
    credits = credits_to_take(sold_of(intent), amount, dispute.credits, others)
    _close(dispute, state=State.LOST, closed_at=now, credits=credits)
    change_standing(
        intent,
        disputed_minor=intent.disputed_minor - amount,
        lost_minor=intent.lost_minor + amount,
    )
    take(reversal_of(dispute), credits, now)


def _close(dispute: Dispute, **changes: object) -> None:
    open_still = Dispute.objects.filter(pk=dispute.pk, state=State.OPENED)
    if not change_one(open_still, **changes):
        raise StaleRead(f"the dispute {dispute.pk} was decided meanwhile")
    for name, value in changes.items():
        setattr(dispute, name, value)
