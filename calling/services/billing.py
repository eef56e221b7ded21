"""Holding credits ahead of a call and charging its minutes.

``call:<id>:hold:<n>`` holds minute n from before it begins; ``call:<id>:minute:<n>`` takes it once
both sides have lived to its start; ``call:<id>:free:<n>`` gives back what was not used. Two minutes
are held ahead of what is charged, one where two cannot be paid. Nothing here asks the time.
"""

from datetime import datetime
from typing import Any

from calling.models import Call
from calling.schemas import CallChargedData
from calling.services.desk import Desk
from payments.services import Holds

__all__ = ["AHEAD", "Meter", "hold_first", "holds_of", "settle"]

AHEAD = 2
KIND = "call"


def hold_name(call: Call, minute: int) -> str:
    return f"call:{call.pk}:hold:{minute}"


def minute_name(call: Call, minute: int) -> str:
    return f"call:{call.pk}:minute:{minute}"


def holds_of(call: Call, now: datetime) -> Holds:
    """The caller's credits, with what is held for this call."""
    ahead = range(call.charged_minutes + 1, call.held_minutes + 1)
    return Holds(
        call.caller_id,
        now,
        kind=KIND,
        held=[hold_name(call, minute) for minute in ahead],
        payee_id=call.callee_id if call.share_percent else None,
    )


def hold_first(call: Call, desk: Desk) -> int:
    """Before it rings: hold its first minutes; how many. Raises ``InsufficientCredits`` or
    ``SpendingFrozen`` if not even one can be paid."""
    if not call.credits_per_minute:
        return 0
    holds = holds_of(call, desk.now)
    holds.require(call.credits_per_minute)
    meter = Meter(call, holds)
    meter.hold_up_to(AHEAD)
    meter.write(desk)
    return meter.held


class Meter:
    """What is held and charged for one call, in memory until it is written."""

    def __init__(self, call: Call, holds: Holds) -> None:
        self._call, self.holds = call, holds
        self.held, self.charged, self.credits = (
            call.held_minutes,
            call.charged_minutes,
            call.credits,
        )
        self._taken: list[tuple[int, int]] = []
        self._moved = False

    def hold_up_to(self, minute: int) -> None:
        """As far as it can be paid."""
        call = self._call
        while self.held < minute:
            name = hold_name(call, self.held + 1)
            if not self.holds.hold(name, call.credits_per_minute):
                return
            self.held += 1
            self._moved = True

    def charge_up_to(self, minute: int) -> None:
        """All minutes up to that one in full, of those that are held."""
        while self.charged < min(minute, self.held):
            self._take(self._call.credits_per_minute)

    def settle(self, cost: int) -> None:
        """Charge what of the cost of the whole call is not charged yet; free all else."""
        for minute in range(self.charged + 1, self.held + 1):
            due = min(self._call.credits_per_minute, cost - self.credits)
            if due > 0:
                self._take(due)
            else:
                name = f"call:{self._call.pk}:free:{minute}"
                self.holds.release(hold_name(self._call, minute), name)
                self._moved = True

    def write(self, desk: Desk) -> None:
        """Book it and tell the two of what was charged."""
        if not self._moved:
            return
        call = self._call
        self.holds.write()
        desk.tell_wallet(call.caller_id)
        for minute, credits in self._taken:
            charged = CallChargedData(call.pk, minute, credits)
            desk.tell(call.callee_id, "call.charged", charged)
            charged.available = self.holds.wallet.available
            desk.tell(call.caller_id, "call.charged", charged)

    @property
    def changes(self) -> dict[str, Any]:
        """The columns of the call."""
        return {
            "held_minutes": self.held,
            "charged_minutes": self.charged,
            "credits": self.credits,
        }

    def _take(self, credits: int) -> None:
        """Of the next minute."""
        call, minute = self._call, self.charged + 1
        share = self._share(self.credits + credits) - self._share(self.credits)
        name = minute_name(call, minute)
        self.holds.take(hold_name(call, minute), name, credits, share=share)
        self.charged, self.credits = minute, self.credits + credits
        self._taken.append((minute, credits))
        self._moved = True

    def _share(self, credits: int) -> int:
        """The callee's part of so many credits in all, rounded down; the house has the rest."""
        return credits * self._call.share_percent // 100


def settle(call: Call, ended_at: datetime, desk: Desk) -> dict[str, Any]:
    """Charge a call that ends for its time up to then and free what is held beyond; the
    columns to be changed."""
    if not call.held_minutes:
        return {}
    cost = 0
    if call.connected_at is not None:
        cost = call.tariff.cost_within(call.talked(ended_at), call.held_minutes)
    meter = Meter(call, holds_of(call, desk.now))
    meter.settle(cost)
    meter.write(desk)
    return meter.changes
