"""What is a break: pure, over everything that is known of one movement of money.

The lines of a statement and the transfers of our clearing account come grouped by what moved: a
payment, a refund, a dispute. Money that came in is held against money that came in, and what
went out against what went out.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from payments.currencies import money_text
from payments.gateways.base import LineKind, StatementLine
from payments.reconciliation.models import DETAIL_LENGTH_MAX, Break

__all__ = ["Booking", "Finding", "Line", "Rules", "Verdict", "judge", "missing_here"]

Kind = Break.Kind


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line and what of ours it names: the operation in the ledger, empty for what we know
    nothing of, the transfer that should answer to it, the purchase and its package.

    ``is_pending``: it is known here and its end is waited for. ``fee_booked_minor`` is None while
    its fee is not in the ledger.
    """

    line: StatementLine
    in_window: bool
    operation: str = ""
    transfer_id: str = ""
    intent_id: UUID | None = None
    package: str = ""
    is_pending: bool = False
    fee_booked_minor: int | None = None

    @property
    def key(self) -> str:
        """What moved, the same for every line that tells of it; empty for one that names
        nothing."""
        name = self.line.ref or self.line.payment_ref
        return self.operation or (f"{self.line.kind}?{name}" if name else "")


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer of a clearing account; ``amount_minor`` is positive for what came in."""

    operation: str
    transfer_id: str
    amount_minor: int
    currency: str
    at: datetime
    in_window: bool

    @property
    def key(self) -> str:
        return self.operation


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A break as a run finds it, see ``models.Break``; ``mended`` says what it did about it."""

    kind: str
    subject: str
    currency: str
    statement_minor: int | None
    ledger_minor: int | None
    detail: str
    operation: str
    intent_id: UUID | None
    occurred_at: datetime
    mended: str = ""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """``tolerance`` is how far apart the times of a line and its transfer may lie;
    ``settled_before`` the time before which the statement has everything."""

    tolerance: timedelta
    settled_before: datetime


class Verdict(msgspec.Struct, frozen=True):
    """What is wrong, and the lines that are surely ours and whose fees are to be booked."""

    findings: list[Finding]
    with_fees: list[Line]


def judge(lines: Sequence[Line], bookings: Sequence[Booking], rules: Rules) -> Verdict:
    """Everything that is to be said of one movement and its reversal."""
    verdict = Verdict([], [])
    if not bookings and _cancel_out(lines):
        return verdict
    for is_in in (True, False):
        _judge_direction(
            [one for one in lines if (one.line.amount_minor >= 0) is is_in],
            [one for one in bookings if (one.amount_minor >= 0) is is_in],
            rules,
            verdict,
        )
    return verdict


def _cancel_out(lines: Sequence[Line]) -> bool:
    """A refund that failed before we booked it: taken and brought back."""
    return (
        len({one.line.currency for one in lines}) == 1
        and sum(one.line.amount_minor for one in lines) == 0
        and len(lines) % 2 == 0
    )


def _judge_direction(
    lines: Sequence[Line], bookings: Sequence[Booking], rules: Rules, verdict: Verdict
) -> None:
    booking = min(bookings, key=lambda one: one.at, default=None)
    ranked = sorted(lines, key=lambda one: _strangeness(one, booking))
    if ranked and ranked[0].in_window:
        first = ranked[0]
        found = list(_unlike(first, booking, rules))
        verdict.findings.extend(found)
        if first.line.fee_minor and first.fee_booked_minor is None and not _is_foreign(found):
            operation = first.operation or (booking.operation if booking else "")
            verdict.with_fees.append(msgspec.structs.replace(first, operation=operation))
    verdict.findings.extend(_duplicate(one) for one in ranked[1:] if one.in_window)
    unanswered = [one for one in bookings if not ranked or one is not booking]
    verdict.findings.extend(_missing_there(one, rules) for one in unanswered if one.in_window)


def _strangeness(one: Line, booking: Booking | None) -> tuple[bool, bool, datetime, str]:
    """Of lines that name the same, the first is the one we know and the others are too many."""
    agrees = booking is not None and (one.line.amount_minor, one.line.currency) == (
        booking.amount_minor,
        booking.currency,
    )
    return one.fee_booked_minor is None, not agrees, one.line.at, one.line.line_ref


def _unlike(one: Line, booking: Booking | None, rules: Rules) -> Iterator[Finding]:
    line = one.line
    if booking is None:
        yield missing_here(one)
        return
    if line.currency != booking.currency:
        detail = _differ(line.currency, booking.currency)
        yield _about(one, Kind.CURRENCY, detail, booking)
    elif line.amount_minor != booking.amount_minor:
        told, booked = _money(line, line.amount_minor), _money(line, booking.amount_minor)
        yield _about(one, Kind.AMOUNT, _differ(told, booked), booking)
    if abs(line.at - booking.at) > rules.tolerance:
        detail = _differ(f"{line.at:%Y-%m-%d}", f"{booking.at:%Y-%m-%d}")
        yield _about(one, Kind.TIMING, detail, booking)
    wrong = _wrong_fee(one, booking)
    if wrong:
        yield _about(one, Kind.FEE, wrong, booking)


def _wrong_fee(one: Line, booking: Booking) -> str:
    line, booked = one.line, one.fee_booked_minor
    fee = _money(line, line.fee_minor)
    if booked is not None:
        differs = line.fee_minor != booked
        return f"a fee of {fee}; booked was one of {_money(line, booked)}" if differs else ""
    is_too_much = line.kind == LineKind.PAYMENT and line.fee_minor > booking.amount_minor
    if line.fee_minor < 0 or is_too_much:
        return f"a fee of {fee} for {_money(line, booking.amount_minor)}"
    return ""


def _differ(told: str, booked: str) -> str:
    return f"the statement says {told}, our books {booked}"


def _money(line: StatementLine, amount_minor: int) -> str:
    return money_text(amount_minor, line.currency)


def _is_foreign(found: Sequence[Finding]) -> bool:
    """The fee of a line that is not ours, or in whose money one cannot trust, is not booked."""
    return any(one.kind in (Kind.MISSING_HERE, Kind.CURRENCY, Kind.FEE) for one in found)


def missing_here(one: Line, mended: str = "") -> Finding:
    """A line that nothing in our books answers to."""
    if one.is_pending:
        return _about(one, Kind.TIMING, f"the {one.line.kind} is not over here yet", None)
    what = f"{one.line.kind} {one.line.ref or 'without a name'}"
    found = _about(one, Kind.MISSING_HERE, f"our books have no {what}", None)
    return msgspec.structs.replace(found, mended=mended)


def _duplicate(one: Line) -> Finding:
    detail = f"the {one.line.kind} {one.line.ref} is told once more"
    return _about(one, Kind.DUPLICATE, detail, None)


def _about(one: Line, kind: Kind, detail: str, booking: Booking | None) -> Finding:
    return Finding(
        kind=kind,
        subject=f"line:{one.line.line_ref}",
        currency=one.line.currency,
        statement_minor=one.line.amount_minor,
        ledger_minor=booking.amount_minor if booking else None,
        detail=detail[:DETAIL_LENGTH_MAX],
        operation=one.operation,
        intent_id=one.intent_id,
        occurred_at=one.line.at,
    )


def _missing_there(booking: Booking, rules: Rules) -> Finding:
    is_settled = booking.at < rules.settled_before
    detail = "the statement has no such line"
    return Finding(
        kind=Kind.MISSING_THERE if is_settled else Kind.TIMING,
        subject=f"transfer:{booking.transfer_id}",
        currency=booking.currency,
        statement_minor=None,
        ledger_minor=booking.amount_minor,
        detail=detail if is_settled else f"{detail} yet",
        operation=booking.operation,
        intent_id=None,
        occurred_at=booking.at,
    )
