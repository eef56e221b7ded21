"""What must be true of calls at every moment: states, people, signs of life and the ledger agree.

Each returns sentences that name what is wrong, none if all is well.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.conf import settings

from calling import clock
from calling.models import Call, Slot
from calling.services.billing import minute_name
from calling.states import LIVE, Status
from pairly.core.db import snapshot
from pairly.core.invariants import Invariant
from payments.services import open_holds, taken_by

__all__ = [
    "INVARIANTS",
    "calls_are_charged_by_the_formula",
    "holds_have_a_live_call",
    "live_calls_give_signs_of_life",
    "nobody_is_in_two_calls",
]

CALLS_AT_ONCE = 200
SWEEP_SLACK = timedelta(seconds=30)


def calls_are_charged_by_the_formula() -> list[str]:
    """What the ledger took for a call is what its row says, and for one that has ended what its
    time costs by its quote."""
    ended = Call.objects.filter(held_minutes__gt=0).order_by("id")
    return [sentence for page in _pages(ended.iterator()) for sentence in _wrong_charges(page)]


def holds_have_a_live_call() -> list[str]:
    """Credits are held only for live calls, and for their coming minutes alone."""
    with snapshot():
        held: dict[UUID, set[int]] = {}
        for operation in open_holds("call:"):
            _call, name, _hold, minute = operation.split(":")
            held.setdefault(UUID(name), set()).add(int(minute))
        live = {call.pk: call for call in Call.objects.filter(pk__in=list(held))}
        live |= {call.pk: call for call in _live()}
    wrong = []
    for call_id in held.keys() | live.keys():
        call = live.get(call_id)
        wanted: set[int] = set()
        if call is not None and call.is_live:
            wanted = set(range(call.charged_minutes + 1, call.held_minutes + 1))
        if held.get(call_id, set()) != wanted:
            wrong.append(f"call {call_id} holds minutes {held.get(call_id)}, not {wanted}")
    return wrong


def nobody_is_in_two_calls() -> list[str]:
    """Every live call is that of its two people, and nobody is noted in any other."""
    with snapshot():
        slots = dict(Slot.objects.exclude(call_id=None).values_list("user_id", "call_id"))
        live = list(_live())
    wrong = []
    seen: set[UUID] = set()
    for call in live:
        for user_id in call.people:
            if user_id in seen:
                wrong.append(f"{user_id} is in two calls")
            seen.add(user_id)
            if slots.pop(user_id, None) != call.pk:
                wrong.append(f"{user_id} is not noted to be in call {call.pk}")
    return wrong + [
        f"{user_id} is noted in call {call}, which is over" for user_id, call in slots.items()
    ]


def live_calls_give_signs_of_life() -> list[str]:
    """No call goes on without a sign of life for longer than a break is forgiven, or is overdue."""
    now = clock.now()
    silent_since = (
        now
        - SWEEP_SLACK
        - timedelta(seconds=max(settings.CALL_GRACE_SECONDS, settings.CALL_OUTAGE_SECONDS_MAX))
    )
    wrong = []
    for call in _live():
        if call.due_at is None:
            wrong.append(f"call {call.pk} is {call.status} and nobody will look after it")
        elif call.status == Status.ACTIVE and call.seen_at < silent_since:
            wrong.append(f"call {call.pk} is silent since {call.seen_at} and goes on")
        elif call.status != Status.ACTIVE and call.due_at < now - SWEEP_SLACK:
            wrong.append(f"call {call.pk} is {call.status} since long ago")
    return wrong


INVARIANTS: Final[tuple[Invariant, ...]] = (
    calls_are_charged_by_the_formula,
    holds_have_a_live_call,
    nobody_is_in_two_calls,
    live_calls_give_signs_of_life,
)


def _live() -> Iterator[Call]:
    return iter(Call.objects.filter(status__in=[status.value for status in LIVE]))


def _pages(calls: Iterator[Call]) -> Iterator[list[Call]]:
    while page := list(islice(calls, CALLS_AT_ONCE)):
        yield page


def _wrong_charges(page: list[Call]) -> Iterator[str]:
    """Read again with their transfers, so that both are of one moment."""
    with snapshot():
        calls = list(Call.objects.filter(pk__in=[call.pk for call in page]))
        names = [minute_name(call, n) for call in calls for n in range(1, call.held_minutes + 1)]
        taken = taken_by(names)
    for call in calls:
        minutes = [taken[minute_name(call, n)] for n in range(1, call.held_minutes + 1)]
        if sum(minutes) != call.credits or any(minutes[call.charged_minutes :]):
            yield f"call {call.pk}: the ledger took {minutes}, the call says {call.credits}"
        if not call.is_live and call.credits != _cost(call):
            yield f"call {call.pk} cost {call.credits} credits, not {_cost(call)}"


def _cost(call: Call) -> int:
    """By the formula, of the time that it was billed for."""
    if call.connected_at is None or call.ended_at is None:
        return 0
    return call.tariff.cost_within(call.talked(call.ended_at), call.held_minutes)
