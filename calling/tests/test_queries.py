"""Every read of calls goes through an index, and none grows with the history."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calling import staff_calls
from calling.models import Call, CallRefund, MetInvite, Quality
from calling.selectors import call_of_client_key, calls_for, due_in, made_by, statistics_of
from calling.services.heartbeats import Heartbeat, take_heartbeats
from calling.states import LIVE, Status
from messaging.tests.people import make_people
from pairly.core import clock
from pairly.core.db import is_mongodb, run_atomic
from pairly.core.ids import first_id_at, new_id
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb


def made_calls(caller_id: UUID, callee_id: UUID, count: int, status: Status) -> list[Call]:
    now = clock.now()
    calls = [
        Call(
            id=new_id(),
            caller_id=caller_id,
            callee_id=callee_id,
            client_key=uuid4().hex,
            media="audio",
            status=status.value,
            end_reason="" if status in LIVE else "missed",
            credits_per_minute=0,
            minute_seconds=60,
            increment_seconds=60,
            share_percent=0,
            caller_device_id=caller_id,
            callee_device_id=callee_id,
            created_at=now,
            connected_at=now,
            caller_seen_at=now - timedelta(seconds=1),
            callee_seen_at=now - timedelta(seconds=1),
            due_at=now + timedelta(seconds=number - 5) if status in LIVE else None,
        )
        for number in range(count)
    ]
    run_atomic(lambda: Call.objects.bulk_create(calls))
    return calls


def test_reads_use_indexes() -> None:
    ava, ben, cleo = make_people(3, 0)
    made_calls(ava, ben, 60, Status.ENDED)
    made_calls(cleo, ben, 60, Status.ENDED)
    (first, *_rest) = made_calls(ben, ava, 30, Status.ACTIVE)
    for status in Status:
        assert_uses_index(due_in(status, clock.now())[:10])
    for side in ("caller", "callee"):
        assert_uses_index(made_by(side, ava, None)[:10])
        assert_uses_index(made_by(side, ava, new_id())[:10])
    assert_uses_index(Call.objects.filter(status__in=[status.value for status in LIVE]))
    key = first.client_key
    assert_uses_index(Call.objects.filter(client_key=key))
    assert_uses_index(MetInvite.objects.filter(pk=key))
    assert call_of_client_key(key) == first
    since = first_id_at(clock.now() - timedelta(days=30))
    assert_uses_index(Call.objects.filter(caller_id=ava, pk__gte=since))
    assert statistics_of(ava, clock.now())["made"]["by_reason"]["missed"] == 60


def test_what_staff_ask_uses_indexes() -> None:
    """The lists and the page of the staff site, the same routes for programs, and the sweepers."""
    ava, ben, cleo = make_people(3, 0)
    made_calls(ava, ben, 60, Status.ENDED)
    (old, *_rest) = made_calls(cleo, ben, 60, Status.ENDED)
    (live, *_rest) = made_calls(ben, ava, 30, Status.ACTIVE)
    made_calls(cleo, ben, 60, Status.ENDED)
    every, of_ava = staff_calls.calls_between(), staff_calls.calls_between(user_id=ava)
    since, until = first_id_at(clock.now() - timedelta(hours=1)), first_id_at(clock.now())
    for calls in (every, of_ava):
        newest = calls.order_by("-id")
        for asked in (
            newest,
            newest.filter(pk__lt=live.pk),
            newest.filter(pk__gte=since, pk__lt=until),
        ):
            # Only MongoDB merges the two sides of a person as they come; SQLite sorts them.
            assert_uses_index(asked[:10] if is_mongodb() or calls is every else asked)
    assert_uses_index(staff_calls.live_calls().order_by("-id"))
    assert_uses_index(staff_calls.calls_between(since=clock.now()).order_by("id")[:10])
    assert_uses_index(of_ava | Call.objects.filter(pk=old.pk))
    now = clock.now()
    assert_uses_index(staff_calls.grouped(now, now + timedelta(hours=1)))
    assert_uses_index(CallRefund.objects.filter(call_id=old.pk).order_by("created_at"))
    assert_uses_index(Quality.objects.filter(user_id=ava, call_id=old.pk))
    found = staff_calls.statistics(since=now - timedelta(hours=1), until=now + timedelta(hours=1))
    assert sum(one["calls"] for one in found["days"]) == 210


def test_a_page_of_history_and_many_heartbeats_cost_the_same_for_few_and_many(
    traveller: time_machine.Traveller,
) -> None:
    ava, ben, *others = make_people(12, 0)
    for other in others:
        made_calls(ava, other, 3, Status.ENDED)
        made_calls(other, ava, 3, Status.ENDED)
    live = made_calls(ben, ava, 20, Status.ACTIVE)

    def cost_of_page(limit: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(calls_for(ava, before=None, limit=limit)) == limit
        return len(queries)

    def cost_of_beats(calls: list[Call]) -> int:
        beats = [Heartbeat(call.caller_id, call.caller_device_id, call.pk) for call in calls]
        with CaptureQueriesContext(connection) as queries:
            run_atomic(lambda: take_heartbeats(beats))
        return len(queries)

    assert cost_of_page(2) == cost_of_page(50)
    cost_of_one = cost_of_beats(live[:1])
    traveller.shift(1)
    assert cost_of_one == cost_of_beats(live)
    versions = Call.objects.filter(status=Status.ACTIVE.value).values_list("version", flat=True)
    assert sorted(versions) == [1] * 19 + [2]
