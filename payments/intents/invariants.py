"""What must be true of purchases at every moment: intents, ledger and receipts say the same."""

from collections.abc import Iterator, Sequence
from itertools import islice

from pairly.core.table import Row, Table
from payments.intents.models import Intent, Receipt
from payments.intents.purchases import CREDITS_LEG, MONEY_LEG, operation_of
from payments.intents.states import Status
from payments.ledger.books import every_row
from payments.ledger.transfers import TRANSFERS

__all__ = ["purchases_are_booked", "receipts_have_no_gaps"]

ROWS_AT_ONCE = 500

INTENTS = Table(Intent, "id", "status", "credits", "amount_minor", "currency")


def purchases_are_booked() -> list[str]:
    """A paid intent stands in the ledger with its credits and its money; no other one does."""
    rows = every_row(INTENTS, "id")
    wrong: list[str] = []
    while page := list(islice(rows, ROWS_AT_ONCE)):
        wrong += _wrong_in(page)
    return wrong


def receipts_have_no_gaps() -> list[str]:
    """Receipts are numbered from 1 on, and each paid intent has one."""
    numbers = sorted(Receipt.objects.values_list("number", flat=True))
    wrong = []
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append(f"{len(numbers)} receipts are not numbered 1 to {len(numbers)}")
    paid = Intent.objects.filter(status=Status.SUCCEEDED).count()
    if paid != len(numbers):
        wrong.append(f"there are {len(numbers)} receipts for {paid} paid intents")
    return wrong


def _wrong_in(page: Sequence[Row]) -> Iterator[str]:
    legs = {
        f"{operation_of(intent_id)}/{leg}": wanted if status == Status.SUCCEEDED else None
        for intent_id, status, credits, amount, currency in page
        for leg, wanted in ((CREDITS_LEG, (credits, "CREDIT")), (MONEY_LEG, (amount, currency)))
    }
    booked = {row[0]: (row[3], row[4]) for row in TRANSFERS.select("id", legs)}
    for leg, wanted in legs.items():
        if booked.get(leg) != wanted:
            yield f"{leg}: {booked.get(leg)} is booked, {wanted} was paid for"
