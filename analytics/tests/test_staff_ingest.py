"""What staff see of what arrives, and the commands of operators."""

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from analytics.frames import open_reports
from analytics.models import Day, Erasure, Event
from analytics.selectors import live_numbers
from analytics.services.ingest import Fact, record
from analytics.tests.story import SCREEN, send
from messaging.tests.people import make_people
from pairly.core import clock
from pairly.staff.tests.people import staff_api, staff_browser

BASE = "/api/v1/staff/analytics"


def told(command: str, *args: Any, **options: Any) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def test_staff_see_what_was_set_aside_and_which_days_are_in_files() -> None:
    (ada,) = make_people(1, 0)
    now = clock.now()
    yesterday = now - timedelta(days=1)
    send(ada, ("1", SCREEN, yesterday), ("2", "teleported", now), ("3", "sign_in", now), now=now)
    assert "1 events moved" in told("rollup")
    analyst = staff_api("analyst")
    seen = analyst.get(f"{BASE}/set-aside").json()["results"]
    assert sorted((row["name"], row["code"]) for row in seen) == [
        ("sign_in", "server_event"),
        ("teleported", "unknown_event"),
    ]
    one = analyst.get(f"{BASE}/set-aside?code=unknown_event").json()["results"]
    assert [row["name"] for row in one] == ["teleported"]
    (day,) = analyst.get(f"{BASE}/days").json()["results"]
    assert (day["day"], day["events"], day["people"]) == (yesterday.date().isoformat(), 1, 1)
    for path in ("set-aside", "days"):
        assert staff_api("support").get(f"{BASE}/{path}").status_code == 403
    browser = staff_browser("analyst")
    for model, text in (("setaside", "teleported"), ("day", "1")):
        page = browser.get(f"/admin/analytics/{model}/")
        assert page.status_code == 200 and text in page.content.decode()
    assert staff_browser("moderator").get("/admin/analytics/day/").status_code == 403


@pytest.mark.mongodb
def test_live_figures_are_of_the_last_minutes() -> None:
    ada, ben = make_people(2, 0)
    now = clock.now()
    send(ada, ("1", SCREEN, now), ("2", SCREEN, now - timedelta(minutes=6)), now=now)
    send(ben, ("1", SCREEN, now - timedelta(minutes=20)), now=now)
    send(ben, ("2", "session_ended", now), ("3", SCREEN, now - timedelta(minutes=31)), now=now)
    live = live_numbers(now)
    assert (live.active_people_5_minutes, live.active_people_30_minutes) == (1, 2)
    assert (live.events_5_minutes, live.events_30_minutes) == (2, 4)
    assert [(one.name, one.events) for one in live.by_name] == [(SCREEN, 3), ("session_ended", 1)]


def test_made_up_people_behave_and_are_forgotten_by_command() -> None:
    said = told("load_events", people=40, days=5)
    assert "40 of 40 people" in said
    today = clock.now().date()
    first, last = today - timedelta(days=5), today - timedelta(days=1)
    with open_reports(first, last) as reports:
        ((people, registered, events, kinds),) = reports.execute(
            "SELECT (SELECT count(*) FROM people), count(*) FILTER (name = 'user.registered'), "
            "count(*), count(DISTINCT name) FROM events"
        ).fetchall()
        ((somebody,),) = reports.execute("SELECT min(user_id) FROM events").fetchall()
        completed = reports.execute("SELECT count(*) FROM events WHERE name = 'profile.completed'")
        assert 20 <= completed.fetchall()[0][0] <= 40
        platforms = reports.execute("SELECT DISTINCT platform FROM people ORDER BY 1").fetchall()
        assert platforms == [("android",), ("ios",), ("web",)]
    assert (people, registered) == (40, 40)
    assert events > 400 and kinds > 6
    assert not Event.objects.filter(pending_day__gt="").exists()
    assert told("rebuild_rollups").startswith("5 days made anew, 0 had been others")
    assert "Nothing of" in told("forget_person", str(somebody))
    assert Erasure.objects.get().pk == somebody
    with open_reports(first, last) as reports:
        left = reports.execute("SELECT count(*) FROM events WHERE user_id = ?", [somebody])
        assert left.fetchall() == [(0,)]
        assert reports.execute("SELECT count(*) FROM people").fetchall() == [(39,)]
    assert sum(Day.objects.values_list("erased_people", flat=True)) > 0
    with pytest.raises(CommandError):
        told("forget_person", str(uuid4()))
    with pytest.raises(CommandError):
        told("load_events", people=0)


def test_a_fact_is_kept_once_and_says_what_the_registry_asks_for() -> None:
    (ada,) = make_people(1, 0)
    fact = Fact("c1", ada, "credits.spent", clock.now(), {"credits": 5, "for": "call"})
    record([fact, fact])
    record([fact])
    assert Event.objects.get().props == '{"credits":5,"for":"call"}'
