"""Every read of arrivals goes through an index; ingest goes on while reports run."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections

from analytics.frames import open_reports
from analytics.models import Erasure, Event
from analytics.selectors import set_aside
from analytics.services.keeping import unrepeatable
from analytics.services.moving import move_all
from analytics.tests.story import SCREEN, Told, send
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb


def test_reads_use_indexes() -> None:
    ada, ben, now = uuid4(), uuid4(), clock.now()
    for user_id, day in ((ada, 0), (ada, 1), (ben, 0), (ben, 1)):
        at = now - timedelta(days=day)
        send(user_id, *((str(n), SCREEN, at) for n in range(day, 60, 2)), now=now)
        send(user_id, *((f"{n}x", "teleported", at) for n in range(20)), now=now)
    move_all(now)
    send(ada, *((f"new{n}", SCREEN, now) for n in range(5)), now=now)
    run_atomic(
        lambda: Erasure.objects.bulk_create(
            Erasure(pk=new_id(), requested_at=now - timedelta(days=n), done_at=now)
            for n in range(40)
        )
    )
    assert_uses_index(Event.objects.filter(pending_day__gt=""))
    assert_uses_index(Event.objects.filter(pk__in=[uuid4(), uuid4()]))
    assert_uses_index(Event.objects.filter(user_id__in=[ada]))
    assert_uses_index(unrepeatable(now + timedelta(days=7, hours=12))[:10])
    assert_uses_index(Event.objects.filter(at__gt=now - timedelta(minutes=30), at__lte=now))
    assert_uses_index(set_aside().order_by("-created_at", "-id")[:10])
    assert_uses_index(set_aside("unknown_event").order_by("-created_at", "-id")[:10])
    assert_uses_index(Erasure.objects.filter(done_at=None, requested_at__lte=now)[:10])
    assert_uses_index(Erasure.objects.filter(requested_at__gte=now - timedelta(days=2)))


def test_two_bring_the_same_events_while_a_report_runs_and_a_day_is_moved() -> None:
    ada, now, told = uuid4(), clock.now(), Told()
    today = now.date()
    batches = [[(f"{n}-{k}", SCREEN, now) for k in range(20)] for n in range(6)]
    results: list[int] = []
    errors: list[BaseException] = []

    def run(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    def bring() -> None:
        results.extend(send(ada, *batch, now=now).accepted for batch in batches)

    def look() -> None:
        seen = 0
        for _ in range(4):
            with open_reports(today, today) as reports:
                ((count, unique),) = reports.execute(
                    "SELECT count(*), count(DISTINCT event_id) FROM events"
                ).fetchall()
            assert count == unique >= seen, "an event that was seen stays, and is there once"
            seen = count

    def move() -> None:
        for _ in range(3):
            move_all(now)

    threads = [threading.Thread(target=run, args=[one]) for one in (bring, bring, look, move, move)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert sum(results) == 120
    told.add(ada, *(event for batch in batches for event in batch))
    told.check(today, today)
    move_all(now)
    told.check(today, today)
