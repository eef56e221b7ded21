"""A person's financial history in one look."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum

from payments.disputes.models import Dispute
from payments.disputes.selectors import disputes_of
from payments.intents.models import Intent
from payments.intents.selectors import intents_of
from payments.intents.states import PAID
from payments.refunds.models import Refund
from payments.refunds.selectors import refunds_of
from payments.selectors import wallet_of
from payments.wallets import Wallet

__all__ = ["Finances", "Total", "finances_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What a person paid in one currency, and what of it went back or was lost to disputes."""

    currency: str
    paid_minor: int
    refunded_minor: int
    lost_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finances:
    """Totals over everything; of purchases, refunds and disputes the newest ones, those first."""

    wallet: Wallet
    totals: list[Total]
    purchases: list[Intent]
    refunds: list[Refund]
    disputes: list[Dispute]


def finances_of(user_id: UUID, *, limit: int) -> Finances:
    paid = intents_of(user_id).filter(status__in=PAID)
    sums = paid.values("currency").annotate(
        paid=Sum("amount_minor"), refunded=Sum("refunded_minor"), lost=Sum("lost_minor")
    )
    return Finances(
        wallet=wallet_of(user_id),
        totals=[
            Total(
                currency=one["currency"],
                paid_minor=one["paid"],
                refunded_minor=one["refunded"],
                lost_minor=one["lost"],
            )
            for one in sums.order_by("currency")
        ],
        purchases=list(intents_of(user_id).order_by("-id")[:limit]),
        refunds=list(refunds_of(user_id).select_related("intent").order_by("-id")[:limit]),
        disputes=list(disputes_of(user_id).select_related("intent").order_by("-id")[:limit]),
    )
