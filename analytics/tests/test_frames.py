"""What reports read."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from analytics.frames import open_reports
from analytics.rows import EVENTS
from messaging.tests.people import make_people
from pairly.accounts.services.staff import create_staff
from pairly.core.db import run_atomic

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.mongodb
def test_the_views_are_there_on_an_empty_database() -> None:
    with open_reports(DAY, DAY) as reports:
        for view in ("events", "daily_activity", "daily_counts", "people", "erasures"):
            assert reports.execute(f"SELECT count(*) FROM {view}").fetchall() == [(0,)], view


@pytest.mark.mongodb
def test_pending_rows_are_in_every_view() -> None:
    (user,) = make_people(1, 0)
    create_staff(email="ann@example.com", password="a long pass phrase", role="analyst")
    event = uuid4()
    row = (event.hex, user.hex, "screen_viewed", NOON, "", '{"screen":"home"}', True, "web")
    run_atomic(lambda: EVENTS.insert([(*row, DAY.isoformat())]))
    with open_reports(DAY, DAY) as reports:
        assert reports.execute(
            "SELECT event_id, user_id, events.at, session_id FROM events"
        ).fetchall() == [(event, user, NOON.replace(tzinfo=None), None)]
        assert reports.execute("FROM daily_activity").fetchall() == [(DAY, user)]
        assert reports.execute("FROM daily_counts").fetchall() == [(DAY, "screen_viewed", 1, 1)]
        assert reports.execute("SELECT user_id FROM people").fetchall() == [(user,)]
