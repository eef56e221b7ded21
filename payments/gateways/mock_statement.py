"""The statement of the mock providers: written as money moves, and falsified on request."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.conf import settings

from pairly.core.ids import new_id
from payments.gateways.base import LineKind
from payments.gateways.models import MockLine, MockPayment

__all__ = ["alter_line", "double_line", "lines_between", "lose_line", "write_line"]

LINES_PER_PAGE: Final = 500
BASIS_POINTS: Final = 10_000


def write_line(
    payment: MockPayment, kind: LineKind, ref: str, amount_minor: int, at: datetime
) -> None:
    """Note a movement, with its fee, in the transaction that moves the money. ``amount_minor`` is
    positive for what came in; times are whole seconds, as providers write them."""
    MockLine(
        line_ref=_new_ref(),
        provider=payment.provider,
        kind=kind,
        ref=ref,
        payment_ref=payment.ref,
        intent_id=payment.intent_id,
        amount_minor=amount_minor,
        fee_minor=_fee_minor(payment.provider, kind, amount_minor),
        currency=payment.currency,
        at=at.replace(microsecond=0),
    ).save(force_insert=True)


def lines_between(provider: str, since: datetime, until: datetime) -> Iterator[MockLine]:
    """Oldest first, read page by page."""
    lines = MockLine.objects.filter(provider=provider, at__gte=since, at__lt=until)
    start = 0
    while page := list(lines.order_by("at", "line_ref")[start : start + LINES_PER_PAGE]):
        yield from page
        start += LINES_PER_PAGE


def lose_line(line_ref: str) -> None:
    """Have the statement miss a line, named as in ``base.StatementLine``."""
    _line(line_ref).delete()


def double_line(line_ref: str) -> None:
    """Have the statement tell a movement once more, in a line of its own."""
    line = _line(line_ref)
    line.line_ref = _new_ref()
    line.save(force_insert=True)


def alter_line(
    line_ref: str,
    *,
    amount_minor: int | None = None,
    currency: str | None = None,
    fee_minor: int | None = None,
    at: datetime | None = None,
) -> None:
    """Have the statement tell a movement with another amount, currency, fee or time."""
    line = _line(line_ref)
    line.amount_minor = line.amount_minor if amount_minor is None else amount_minor
    line.currency = line.currency if currency is None else currency
    line.fee_minor = line.fee_minor if fee_minor is None else fee_minor
    line.at = line.at if at is None else at
    line.save(force_update=True)


def _line(line_ref: str) -> MockLine:
    """Razorpay names a line by its settlement, which is one line long here, and by what moves."""
    return MockLine.objects.get(pk=line_ref.partition("/")[0])


def _new_ref() -> str:
    return f"txn_mock_{new_id().hex}"


def _fee_minor(provider: str, kind: LineKind, amount_minor: int) -> int:
    """What the provider keeps: a share and a fixed sum of a payment, a fixed sum of a dispute."""
    name = provider.upper()
    if kind is LineKind.DISPUTE:
        dispute_fee: int = getattr(settings, f"MOCK_{name}_DISPUTE_FEE_MINOR")
        return dispute_fee
    if kind is not LineKind.PAYMENT:
        return 0
    share: int = getattr(settings, f"MOCK_{name}_FEE_BASIS_POINTS")
    fixed: int = getattr(settings, f"MOCK_{name}_FEE_FIXED_MINOR")
    return (amount_minor * share + BASIS_POINTS // 2) // BASIS_POINTS + fixed
