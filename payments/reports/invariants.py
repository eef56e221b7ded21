"""What must be true of the day rows: they come to what the chain says at the block they reach."""

from collections.abc import Iterator
from typing import Final

import orjson
from django.db.models import Sum

from pairly.core.db import snapshot
from payments.ledger.accounts import CREDIT, DEBT, clearing_kind
from payments.ledger.models import Block
from payments.reports.models import Outstanding, Progress, RevenueDay
from payments.reports.selectors import POCKETS

__all__ = ["INVARIANTS", "reports_come_to_what_the_chain_says"]

CLEARING: Final = clearing_kind("")
OWNED: Final = tuple(pocket for pocket in POCKETS if pocket != "held")


def reports_come_to_what_the_chain_says() -> list[str]:
    """What providers hold for us, and what people own, by the totals that each block carries."""
    with snapshot():
        progress = Progress.objects.filter(pk=Progress.LEDGER).first()
        block = Block.objects.filter(number=progress.step).first() if progress else None
        if block is None:
            return []
        totals = {key: int(amount) for key, amount in orjson.loads(block.totals).items()}
        return [*_wrong_revenue(totals), *_wrong_credits(totals)]


def _wrong_revenue(totals: dict[str, int]) -> Iterator[str]:
    """A clearing account stands below zero by what its provider holds."""
    found = {
        f"house:{CLEARING}{one['provider']}:{one['currency']}": -one["net"]
        for one in RevenueDay.objects.order_by()
        .values("provider", "currency")
        .annotate(
            net=Sum("gross_minor")
            - Sum("refunds_minor")
            - Sum("disputes_minor")
            - Sum("fees_minor")
        )
    }
    booked = {key: total for key, total in totals.items() if key.split(":")[1].startswith(CLEARING)}
    for key in sorted(found.keys() | booked.keys()):
        if found.get(key, 0) != booked.get(key, 0):
            yield f"{key}: the days come to {found.get(key, 0)}, the chain to {booked.get(key, 0)}"


def _wrong_credits(totals: dict[str, int]) -> Iterator[str]:
    house = sum(total for key, total in totals.items() if key.endswith(f":{CREDIT}"))
    rows = Outstanding.objects.filter(asset=CREDIT, pocket__in=OWNED)
    people = sum(-row.amount if row.pocket == DEBT else row.amount for row in rows)
    if people + house:
        yield f"people own {people} credits by the days and {-house} by the chain"


INVARIANTS: Final = (reports_come_to_what_the_chain_says,)
