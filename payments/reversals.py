"""Taking a purchase back, whole or in part: what refunds and disputes have in common.

Credits that were paid for are as good as each other: those that are there count for whichever
purchase is taken back. They are held while nothing is settled, then taken; what is missing by
then becomes debt, so that no balance is ever below zero.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from pairly.realtime.services import announce
from payments.claims import Claim, Sold
from payments.debts import settle_debt
from payments.disputes.models import Dispute
from payments.disputes.states import STANDING, STATUS_OF_INTENT
from payments.disputes.states import State as DisputeState
from payments.intents.models import Intent
from payments.intents.observing import change_intent
from payments.intents.states import standing
from payments.ledger.accounts import (
    DEBT,
    ISSUED,
    PAID,
    clearing_kind,
    house_key,
    personal_key,
)
from payments.ledger.services import account_ids, pending, post, resolution
from payments.ledger.transfers import TRANSFERS, Posting, posting_of
from payments.refunds.models import Refund
from payments.refunds.states import LIVE
from payments.refunds.states import State as RefundState
from payments.selectors import paid_credits_free, wallet_of

__all__ = [
    "CREDITS_BACK_LEG",
    "MONEY_BACK_LEG",
    "MONEY_LEG",
    "TAKEN_LEGS",
    "Reversal",
    "change_standing",
    "claims_on",
    "give_back",
    "hold",
    "move_money",
    "release",
    "sold_of",
    "take",
    "tell_wallet",
]

HOLD_LEG, VOID_LEG = "hold", "void"
HELD_LEG, FREE_LEG, DEBT_LEG = TAKEN_LEGS = ("credits", "more", "debt")
"""Credits are taken from what was held, from what is free, and as debt."""
MONEY_LEG = "money"
CREDITS_BACK_LEG, MONEY_BACK_LEG = "credits-back", "money-back"
"""A refund may fail after it had succeeded, and a dispute be won."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """``operation`` is the name in the ledger, ``refund:<id>`` or ``dispute:<id>``."""

    operation: str
    kind: str
    user_id: UUID

    def leg(self, name: str, debit: str, credit: str, amount: int) -> Posting:
        return Posting(
            id=f"{self.operation}/{name}",
            debit=debit,
            credit=credit,
            amount=amount,
            kind=self.kind,
            group=self.operation,
        )


def sold_of(intent: Intent) -> Sold:
    return Sold(credits=intent.credits, amount_minor=intent.amount_minor)


def claims_on(intent: Intent, *, besides: UUID | None = None) -> list[Claim]:
    """What its refunds and disputes claim, but for one of them."""
    refunds = Refund.objects.filter(intent_id=intent.pk)
    disputes = Dispute.objects.filter(intent_id=intent.pk)
    rows = [
        *_claims(refunds, LIVE, {RefundState.SUCCEEDED}),
        *_claims(disputes, STANDING, {DisputeState.LOST}),
    ]
    return [claim for known, claim in rows if known != besides]


def hold(reversal: Reversal, credits: int, now: datetime) -> None:
    """Hold the credits, or what is there of them."""
    amount = min(credits, paid_credits_free(reversal.user_id))
    if amount:
        paid, issued, _debt = _accounts(reversal.user_id, now)
        post([pending(reversal.leg(HOLD_LEG, paid, issued, amount))], now)


def take(reversal: Reversal, credits: int, now: datetime) -> None:
    """Take the credits for good: first what is held for it, then what is free; the rest is owed
    from now on. A hold of more is freed."""
    paid, issued, debt = _accounts(reversal.user_id, now)
    held = _held(reversal)
    legs = []
    if held is not None:
        amount = min(credits, held.amount)
        id = f"{reversal.operation}/{HELD_LEG}"
        legs.append(resolution(held, id=id, amount=amount, kind=reversal.kind))
        credits -= amount
    free = min(credits, paid_credits_free(reversal.user_id))
    if free:
        legs.append(reversal.leg(FREE_LEG, paid, issued, free))
    if credits - free:
        legs.append(reversal.leg(DEBT_LEG, debt, issued, credits - free))
    if legs:
        post(legs, now)


def release(reversal: Reversal, now: datetime, *, keep: int) -> None:
    """Free what is held, but for what is kept for another claim. What the person owes by now is
    paid from it."""
    held = _held(reversal)
    if keep:
        take(reversal, keep, now)
    elif held is not None:
        id = f"{reversal.operation}/{VOID_LEG}"
        post([resolution(held, id=id, amount=0, kind=reversal.kind)], now)
    if held is not None:
        settle_debt(reversal.user_id, reversal.operation, now)


def give_back(reversal: Reversal, credits: int, now: datetime) -> None:
    """Return what was taken; what the person owes by now is paid from it."""
    if credits:
        paid, issued, _debt = _accounts(reversal.user_id, now)
        post([reversal.leg(CREDITS_BACK_LEG, issued, paid, credits)], now)
        settle_debt(reversal.user_id, reversal.operation, now)


def move_money(
    reversal: Reversal, intent: Intent, kind: str, amount_minor: int, now: datetime, *, back: bool
) -> None:
    """The provider holds less for us; with ``back`` it holds it again. ``kind`` is the house
    account that bears it."""
    keys = [
        house_key(kind, intent.currency),
        house_key(clearing_kind(intent.provider), intent.currency),
    ]
    ids = account_ids(keys, now)
    bearer, clearing = (ids[key] for key in keys)
    name = MONEY_BACK_LEG if back else MONEY_LEG
    sides = (clearing, bearer) if back else (bearer, clearing)
    leg = Posting(
        id=f"{reversal.operation}/{name}",
        debit=sides[0],
        credit=sides[1],
        amount=amount_minor,
        kind=reversal.kind,
        group=reversal.operation,
        asset=intent.currency,
    )
    post([leg], now)


def change_standing(intent: Intent, **changes: int) -> None:
    """Change how much of a paid intent is given back or disputed, and with it where it stands.
    Call it when the refund or dispute itself is written; at least one amount must change, since
    that is what two at once are told apart by."""
    disputes = Dispute.objects.filter(intent_id=intent.pk).values_list("state", flat=True)
    status = standing(
        amount_minor=intent.amount_minor,
        refunded_minor=changes.get("refunded_minor", intent.refunded_minor),
        disputes=[STATUS_OF_INTENT[DisputeState(state)] for state in disputes],
    )
    change_intent(intent, status=status.value, **changes)


def tell_wallet(user_id: UUID, now: datetime) -> None:
    announce([user_id], "wallet.updated", wallet_of(user_id).to_dict(), now)


def _claims(
    rows: "QuerySet[Any]", counting: Collection[str], settled: Collection[str]
) -> Iterator[tuple[UUID, Claim]]:
    for known, minor, credits, state in rows.values_list("pk", "amount_minor", "credits", "state"):
        yield known, Claim(minor, credits, state in counting, state in settled)


def _accounts(user_id: UUID, now: datetime) -> tuple[str, str, str]:
    keys = (personal_key(user_id, PAID), house_key(ISSUED), personal_key(user_id, DEBT))
    ids = account_ids(keys, now)
    paid, issued, debt = (ids[key] for key in keys)
    return paid, issued, debt


def _held(reversal: Reversal) -> Posting | None:
    rows = TRANSFERS.select("id", [f"{reversal.operation}/{HOLD_LEG}"])
    return posting_of(rows[0]) if rows else None
