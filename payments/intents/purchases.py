"""A paid intent becomes credits and a receipt, in the transaction that makes it succeeded."""

from datetime import datetime
from uuid import UUID

from pairly.core.db import StaleRead, change_one
from pairly.outbox.services import emit
from pairly.realtime.services import announce
from payments.debts import settle_debt
from payments.events import PurchaseCompleted
from payments.fraud.holds import hold_for_review
from payments.intents.models import Intent, Receipt, ReceiptCounter
from payments.ledger.accounts import (
    ISSUED,
    PAID,
    SALES,
    clearing_kind,
    house_key,
    personal_key,
)
from payments.ledger.services import account_ids, post
from payments.ledger.transfers import Posting, meta_text
from payments.selectors import wallet_of

__all__ = ["CREDITS_LEG", "MONEY_LEG", "complete_purchase", "operation_of"]

CREDITS_LEG, MONEY_LEG = "credits", "money"
COUNTER = "receipts"


def operation_of(intent_id: UUID) -> str:
    """The name of a purchase in the ledger, unique for ever: whatever goes wrong elsewhere, an
    intent is booked once."""
    return f"purchase:{intent_id}"


def complete_purchase(intent: Intent, now: datetime) -> None:
    """Book both sides, pay what the buyer owes from the new credits unless these are held for
    review, write the receipt, tell the buyer's devices. Inside the transaction."""
    post(_postings(intent, now), now)
    hold_for_review(intent, now)
    settle_debt(intent.user_id, operation_of(intent.pk), now)
    Receipt(id=intent.pk, number=_next_number(), created_at=now).save()
    emit(
        PurchaseCompleted(
            intent.user_id, intent.pk, intent.credits, intent.amount_minor, intent.currency
        )
    )
    announce([intent.user_id], "wallet.updated", wallet_of(intent.user_id).to_dict(), now)


def _postings(intent: Intent, now: datetime) -> list[Posting]:
    """The provider holds more money for us, and the buyer has more credits."""
    clearing = house_key(clearing_kind(intent.provider), intent.currency)
    sales = house_key(SALES, intent.currency)
    issued, paid = house_key(ISSUED), personal_key(intent.user_id, PAID)
    ids = account_ids([clearing, sales, issued, paid], now)
    operation = operation_of(intent.pk)
    meta = meta_text({"package": intent.package_id, "provider": intent.provider})
    return [
        Posting(
            id=f"{operation}/{CREDITS_LEG}",
            debit=ids[issued],
            credit=ids[paid],
            amount=intent.credits,
            kind="purchase",
            group=operation,
            meta=meta,
        ),
        Posting(
            id=f"{operation}/{MONEY_LEG}",
            debit=ids[clearing],
            credit=ids[sales],
            amount=intent.amount_minor,
            kind="purchase",
            group=operation,
            asset=intent.currency,
            meta=meta,
        ),
    ]


def _next_number() -> int:
    """One after the other without gaps, since the counter moves with what it numbers."""
    counter = ReceiptCounter.objects.filter(pk=COUNTER).first()
    if counter is None:
        ReceiptCounter.objects.create(pk=COUNTER, number=1)
        return 1
    seen = ReceiptCounter.objects.filter(pk=COUNTER, number=counter.number)
    if not change_one(seen, number=counter.number + 1):
        raise StaleRead("another receipt was written meanwhile")
    return counter.number + 1
