"""What providers keep of each movement, booked as their statements tell it, once for ever."""

from collections.abc import Sequence
from datetime import datetime

from pairly.core.clock import to_rfc3339
from pairly.core.db import run_atomic
from payments.ledger.accounts import FEES, clearing_kind, house_key
from payments.ledger.services import account_ids, post
from payments.ledger.transfers import Posting, meta_text
from payments.reconciliation.judging import Line
from payments.reconciliation.matching import fee_id
from payments.reconciliation.models import Reconciliation
from payments.reconciliation.runs import keep
from payments.reports.counting import FEE

__all__ = ["book_fees"]


def book_fees(run: Reconciliation, lines: Sequence[Line], now: datetime) -> int:
    """The provider holds that much less for us. How many were new."""

    def book() -> int:
        keep(run)
        return sum(not one.repeated for one in post(_postings(lines, now), now))

    return run_atomic(book) if lines else 0


def _postings(lines: Sequence[Line], now: datetime) -> list[Posting]:
    keys = {key for one in lines for key in _keys(one)}
    ids = account_ids(keys, now)
    return [_posting(one, *(ids[key] for key in _keys(one))) for one in lines]


def _keys(one: Line) -> tuple[str, str]:
    line = one.line
    clearing = house_key(clearing_kind(line.provider), line.currency)
    return house_key(FEES, line.currency), clearing


def _posting(one: Line, fees: str, clearing: str) -> Posting:
    line = one.line
    return Posting(
        id=fee_id(line),
        debit=fees,
        credit=clearing,
        amount=line.fee_minor,
        kind=FEE,
        group=fee_id(line),
        asset=line.currency,
        meta=meta_text({"at": to_rfc3339(line.at), "of": one.operation, "package": one.package}),
    )
