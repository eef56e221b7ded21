"""Reconciling: a provider's statement against what we bought, refunded, disputed and booked.

One run: both sides of a time are put in order on disk, what belongs together is judged, fees are
booked, breaks are written. It may be killed anywhere and run again: every step finds what is done
already.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, TypeVar

import orjson

from pairly.core.errors import ValidationFailed
from payments.gateways.base import Gateway, GatewayRefused, GatewayUnreachable, StatementLine
from payments.gateways.registry import gateway_named, provider_names
from payments.reconciliation.alerting import tell
from payments.reconciliation.breaks import close_gone, store
from payments.reconciliation.clearing import Clearing
from payments.reconciliation.errors import AlreadyRunning
from payments.reconciliation.fees import book_fees
from payments.reconciliation.judging import (
    Booking,
    Finding,
    Line,
    Rules,
    judge,
    missing_here,
)
from payments.reconciliation.matching import match
from payments.reconciliation.mending import mend
from payments.reconciliation.models import Reconciliation
from payments.reconciliation.runs import RunLost, begin, end, keep
from payments.reconciliation.spool import Spool
from payments.reconciliation.windows import known_after, usual_window
from payments.reports.rolling import catch_up

__all__ = ["ReconciliationFailed", "reconcile", "reconcile_all"]

logger = logging.getLogger(__name__)

DATES_APART_MAX: Final = timedelta(days=2)
"""How far apart the provider and we may date the same thing; beyond it the times differ."""
LINES_AT_ONCE: Final = 500
WRITTEN_AT_ONCE: Final = 100
MENDED: Final = "The provider confirmed it and the run booked it."

Item = TypeVar("Item")
State = Reconciliation.State


class ReconciliationFailed(Exception):
    """A provider's statement could not be had."""


def reconcile_all(now: datetime) -> str:
    """The usual window of every provider, one after another; a sentence on how it went.

    Raises ``ReconciliationFailed`` after all were tried.
    """
    told, failed = [], []
    for provider in provider_names():
        since, until = usual_window(provider, now)
        try:
            run = reconcile(provider=provider, since=since, until=until, now=now)
        except AlreadyRunning:
            told.append(f"{provider}: runs already")
            continue
        if run.state == State.FAILED:
            failed.append(f"{provider}: {run.error}")
        told.append(f"{provider}: {run.lines:,} lines, {run.breaks_found:,} breaks")
    if failed:
        raise ReconciliationFailed("; ".join(failed))
    return "; ".join(told)


def reconcile(*, provider: str, since: datetime, until: datetime, now: datetime) -> Reconciliation:
    """Compare what the provider's statement and our books have from ``since`` until before
    ``until``; the run, ``failed`` if the provider does not answer.

    Raises ``ValidationFailed`` for an unknown provider or no time at all, ``AlreadyRunning``.
    """
    if provider not in provider_names():
        detail = f"Providers are {', '.join(provider_names())}."
        raise ValidationFailed.of("provider", "invalid_choice", detail)
    if since >= until:
        raise ValidationFailed.of("since", "invalid", "The end must lie after the beginning.")
    run = begin(provider, since, until, now)
    try:
        figures = _Run(run, now).figures()
    except RunLost:
        raise
    except (GatewayUnreachable, GatewayRefused) as error:
        logger.warning("the statement of %s could not be had: %r", provider, error)
        end(run, State.FAILED, error=f"the provider: {error!r}")
    except Exception as error:
        end(run, State.FAILED, error=repr(error))
        raise
    else:
        end(run, State.DONE, known_until=known_after(run, now), **figures)
    finally:
        tell(run, now)
    return run


class _Run:
    """The steps of one run, and what they share and count."""

    def __init__(self, run: Reconciliation, now: datetime) -> None:
        self._run, self._now = run, now
        self._gateway: Gateway = gateway_named(run.provider)
        settles_in = timedelta(days=self._gateway.statement_delay_days)
        self._rules = Rules(tolerance=DATES_APART_MAX, settled_before=now - settles_in)
        self._clearing = Clearing(run.provider, run.since, run.until)
        self._found = self._opened = self._mended = self._fees = 0

    def figures(self) -> dict[str, Any]:
        """Do everything; the columns of the run."""
        with Spool() as spool:
            self._gather_lines(spool)
            self._gather_bookings(spool)
            spool.name_the_nameless(self._rules.tolerance)
            self._judge(spool)
            lines, bookings = spool.counts()
            totals = orjson.dumps(spool.totals()).decode()
        return {
            "lines": lines,
            "bookings": bookings,
            "mended": self._mended,
            "fees_booked": self._fees,
            "breaks_found": self._found,
            "breaks_opened": self._opened,
            "breaks_closed": close_gone(self._run, self._now),
            "totals": totals,
        }

    def _gather_lines(self, spool: Spool) -> None:
        """Some days more on both sides, where the partners of what lies at the edges are."""
        run = self._run
        since, until = run.since - DATES_APART_MAX, run.until + DATES_APART_MAX
        statement = self._gateway.statement(since, until)
        for page in _pages(statement, LINES_AT_ONCE):
            keep(run)
            lines, bookings = self._matched(page)
            unknown = _unanswered(lines, bookings)
            if unknown:
                self._mend(unknown)
                lines, bookings = self._matched(page)
                self._note_mended(unknown, lines, bookings)
            spool.add_lines(lines)
            spool.add_bookings(bookings)

    def _matched(self, page: Sequence[StatementLine]) -> tuple[list[Line], list[Booking]]:
        lines = match(self._run.provider, page, self._run.since, self._run.until)
        return lines, self._clearing.named({one.transfer_id for one in lines} - {""})

    def _mend(self, unknown: Sequence[Line]) -> None:
        for one in unknown:
            keep(self._run)
            mend(one, self._gateway, self._now)

    def _note_mended(
        self, unknown: Sequence[Line], lines: Sequence[Line], bookings: Sequence[Booking]
    ) -> None:
        """What is booked now is noted as a break that the run itself resolved."""
        still = {one.line.line_ref for one in _unanswered(lines, bookings)}
        refs = {one.line.line_ref for one in unknown} - still
        mended = [missing_here(one, MENDED) for one in lines if one.line.line_ref in refs]
        self._mended += len(mended)
        self._store(mended)

    def _gather_bookings(self, spool: Spool) -> None:
        catch_up()
        for page in self._clearing.between():
            keep(self._run)
            spool.add_bookings(page)

    def _judge(self, spool: Spool) -> None:
        findings: list[Finding] = []
        with_fees: list[Line] = []
        for lines, bookings in spool.groups():
            verdict = judge(lines, bookings, self._rules)
            findings += verdict.findings
            with_fees += verdict.with_fees
            if len(findings) >= WRITTEN_AT_ONCE or len(with_fees) >= WRITTEN_AT_ONCE:
                self._write(findings, with_fees)
                findings, with_fees = [], []
        self._write(findings, with_fees)

    def _write(self, findings: Sequence[Finding], with_fees: Sequence[Line]) -> None:
        self._store(findings)
        self._fees += book_fees(self._run, with_fees, self._now)

    def _store(self, findings: Sequence[Finding]) -> None:
        self._found += len(findings)
        self._opened += store(self._run, findings, self._now)


def _pages(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    left = iter(items)
    while page := list(islice(left, size)):
        yield page


def _unanswered(lines: Iterable[Line], bookings: Iterable[Booking]) -> list[Line]:
    """Lines of the time asked about, of purchases of ours, that nothing booked answers to."""
    booked = {one.transfer_id for one in bookings}
    return [
        one
        for one in lines
        if one.in_window and one.intent_id is not None and one.transfer_id not in booked
    ]
