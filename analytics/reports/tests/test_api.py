"""Reports by program: who may ask, what is refused, what comes back, files, saved reports."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import duckdb
import pytest
import time_machine
from rest_framework.test import APIClient

from analytics.models import Day
from analytics.reports.models import SavedReport
from analytics.reports.tests.happenings import happened
from analytics.reports.urls import ABOUT
from pairly.audit.models import AuditEntry
from pairly.staff.tests.people import new_staff, staff_api
from payments.tests.people import make_people

pytestmark = pytest.mark.mongodb

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROUTE = "/api/v1/analytics"
STEPS = {"steps": "screen_viewed,message.sent"}
FORMULA = '=HYPERLINK("http://example.net")'


def query_of(kind: str) -> dict[str, str]:
    return STEPS if kind == "funnels" else {}


@pytest.fixture
def people() -> list[UUID]:
    """Three who registered four days ago; two looked around, one of these wrote."""
    with time_machine.travel(NOON - timedelta(days=4), tick=False):
        found = make_people(3)
    for number, user_id in enumerate(found[:2]):
        happened(user_id, "screen_viewed", NOON - timedelta(days=2, minutes=number), screen="home")
    happened(found[0], "message.sent", NOON - timedelta(days=1), kind="text")
    return found


def test_who_may_see_reports_sees_them(people: list[UUID], join: Any) -> None:
    with time_machine.travel(NOON, tick=False):
        analyst = staff_api("analyst")
        for kind in ABOUT:
            answer = analyst.get(f"{ROUTE}/{kind}", query_of(kind))
            assert answer.status_code == 200, (kind, answer.content)
            body = answer.json()
            assert (body["last"], body["next"], body["previous"]) == ("2026-03-10", None, None)
        gone = (NOON - timedelta(days=20)).date()
        Day.objects.create(day=gone, erased_people=2, changed_at=NOON)
        newest = analyst.get(f"{ROUTE}/active-users", {"compare": "true"}).json()
        assert newest["erased_people"] == 2
        assert [one["dau"] for one in newest["results"][-3:]] == [2, 1, 0]
        assert [one["complete"] for one in newest["results"][-2:]] == [True, False]
        assert newest["previous"][-1]["day"] == "2026-02-08"
        steps = analyst.get(f"{ROUTE}/funnels", STEPS).json()["results"]
        assert [(one["people"], one["waiting"]) for one in steps] == [(2, 0), (1, 1)]
        assert analyst.get(f"{ROUTE}/live").json()["active_people_30_minutes"] == 0
        moderator, nobody = staff_api("moderator"), APIClient()
        unproved = staff_api("admin", verified=False)
        member = APIClient(HTTP_AUTHORIZATION=f"Bearer {join().token}")
        for kind in ABOUT:
            assert moderator.get(f"{ROUTE}/{kind}", query_of(kind)).status_code == 403
            assert unproved.get(f"{ROUTE}/{kind}", query_of(kind)).status_code == 403
            assert member.get(f"{ROUTE}/{kind}", query_of(kind)).status_code == 404
            assert nobody.get(f"{ROUTE}/{kind}", query_of(kind)).status_code == 401
        for address in ("live", "export", "reports"):
            assert member.get(f"{ROUTE}/{address}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "query", "field"),
    [
        ("active-users", {"first": "2026-03-10", "last": "2026-03-01"}, "last"),
        ("active-users", {"first": "2024-01-01"}, "last"),
        ("active-users", {"first": "2026-05-01", "last": "2026-05-02"}, "first"),
        ("active-users", {"timezone": "Mars/Olympus"}, "timezone"),
        ("growth", {"interval": "hour"}, "interval"),
        ("funnels", {"steps": "screen_viewed"}, "steps"),
        ("funnels", {"steps": ",".join(["screen_viewed"] * 9)}, "steps"),
        ("funnels", {"steps": "screen_viewed,'; DROP"}, "steps"),
        ("funnels", {**STEPS, "exclude": "message.sent"}, "exclude"),
        ("funnels", {**STEPS, "by": "x')--"}, "by"),
        ("cohorts", {"kind": "bracket", "brackets": "3,1-2"}, "brackets"),
        ("cohorts", {"period": "month", "rolling": "true"}, "period"),
        ("cohorts", {"by": "email"}, "by"),
        ("features", {"event": "screen_viewed", "property": "a b"}, "property"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(
    kind: str, query: dict[str, str], field: str
) -> None:
    with time_machine.travel(NOON, tick=False):
        answer = staff_api("analyst").get(f"{ROUTE}/{kind}", query)
    assert answer.status_code == 400, answer.content
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_one_sees_ones_own_usage(join: Any) -> None:
    with time_machine.travel(NOON, tick=False):
        member, other = join(), join()
        happened(UUID(other.id), "screen_viewed", NOON)
        for days in (0, 1, 3):
            happened(UUID(member.id), "screen_viewed", NOON - timedelta(days=days), screen="home")
        api = APIClient(HTTP_AUTHORIZATION=f"Bearer {member.token}")
        found = api.get(f"{ROUTE}/me").json()
    assert (found["active_days"], found["streak_days"], found["last_active"]) == (
        *(3, 2, "2026-03-10"),
    )
    assert found["events"] == [{"name": "screen_viewed", "events": 3}]


def test_files_are_streamed_safe_limited_and_noted(people: list[UUID], settings: Any) -> None:
    happened(people[0], "screen_viewed", NOON - timedelta(hours=1), screen=FORMULA)
    with time_machine.travel(NOON, tick=False):
        finance, analyst = staff_api("finance"), staff_api("analyst")
        assert analyst.get(f"{ROUTE}/export", {"report": "features"}).status_code == 403

        def file(**query: str) -> bytes:
            answer = finance.get(f"{ROUTE}/export", query)
            assert answer.status_code == 200, answer.content
            assert "attachment" in answer["Content-Disposition"]
            return b"".join(answer.streaming_content)  # type: ignore[attr-defined]

        by_screen = {"report": "features", "event": "screen_viewed", "property": "screen"}
        rows = list(csv.DictReader(io.StringIO(file(**by_screen).decode())))
        assert [one["feature"] for one in rows] == ["home", f"'{FORMULA}"]
        lines = file(report="events", format="ndjson").splitlines()
        assert [json.loads(one)["name"] for one in lines].count("screen_viewed") == 3
        for report in ("events", "active-users"):
            (parquet := settings.DATA_DIR / "export.parquet").write_bytes(
                file(report=report, format="parquet")
            )
            counted = duckdb.connect().execute(f"SELECT count(*) FROM '{parquet}'").fetchall()
            assert counted == [(4,) if report == "events" else (30,)]
        settings.ANALYTICS_EXPORT_ROWS_MAX = 3
        entries = AuditEntry.objects.filter(action="analytics.exported").count()
        refused = finance.get(f"{ROUTE}/export", {"report": "events"})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "too_many")
        noted = AuditEntry.objects.filter(action="analytics.exported")
        assert (noted.count(), noted.order_by("id")[0].target_id) == (entries, "features")
        assert entries == 4


def test_reports_are_saved_shared_and_deleted_by_who_saved_them() -> None:
    with time_machine.travel(NOON, tick=False):
        analyst, finance = staff_api("analyst"), staff_api("finance")
        wanted = {"name": "To the first message", "kind": "funnels", "query": STEPS}
        saved = analyst.post(f"{ROUTE}/reports", wanted, format="json")
        assert saved.status_code == 201, saved.content
        address = f"{ROUTE}/reports/{saved.json()['id']}"
        assert analyst.post(f"{ROUTE}/reports", wanted, format="json").status_code == 409
        wrong = {**wanted, "name": "Wrong", "query": {"steps": "screen_viewed"}}
        assert analyst.post(f"{ROUTE}/reports", wrong, format="json").status_code == 400
        more = {**wanted, "name": "More", "query": {**STEPS, "note": "anything"}}
        assert analyst.post(f"{ROUTE}/reports", more, format="json").status_code == 400
        assert [one["name"] for one in finance.get(f"{ROUTE}/reports").json()["results"]] == [
            "To the first message"
        ]
        assert finance.get(address).json()["query"] == STEPS
        assert finance.delete(address).status_code == 403
        assert analyst.delete(address).status_code == 204
        assert analyst.get(address).status_code == 404
        assert SavedReport.objects.count() == 0
        who = new_staff("analyst").pk
        actions = AuditEntry.objects.filter(actor_id=who, target_type="saved_report")
        assert [one.action for one in actions.order_by("id")] == ["report.saved", "report.deleted"]
