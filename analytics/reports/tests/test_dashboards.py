"""The dashboards: on an empty database and with something to show, for whom, and what is saved."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from analytics.reports.admin import pages
from analytics.reports.admin.dashboards import CHARTS, DASHBOARDS
from analytics.reports.kinds import KINDS
from analytics.reports.tests.happenings import happened
from pairly.staff.tests.people import staff_browser
from payments.tests.people import make_people

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ADDRESSES = [f"/admin/{one.address}" for one in DASHBOARDS]


def text_of(browser: Any, address: str, **query: str) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, answer
    found: str = answer.content.decode()
    return found


def test_each_dashboard_opens_on_an_empty_database() -> None:
    assert {kind for one in DASHBOARDS for kind in one.kinds} == set(KINDS) == set(CHARTS)
    browser = staff_browser("analyst")
    for address in ADDRESSES:
        text = text_of(browser, address)
        assert "Nothing in these days." in text or "staff-chip-warning" in text, address
        assert "Download CSV" not in text
    assert "Nobody has saved a report yet" in text_of(browser, "/admin/analytics/saved/")
    stranger = staff_browser("moderator")
    for address in (*ADDRESSES, "/admin/analytics/saved/"):
        assert stranger.get(address).status_code == 403


@pytest.mark.mongodb
def test_figures_charts_and_files_of_what_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(NOON - timedelta(days=9), tick=False):
        people = make_people(4)
    for number, user_id in enumerate(people):
        happened(user_id, "user.registered", NOON - timedelta(days=9))
        for days in range(number):
            happened(user_id, "message.sent", NOON - timedelta(days=days, minutes=5), kind="text")
    money = {"amount_minor": 5000, "currency": "INR"}
    happened(people[3], "purchase.completed", NOON - timedelta(days=1), **money)
    with time_machine.travel(NOON, tick=False):
        browser = staff_browser("finance")
        activity = text_of(browser, ADDRESSES[0], first="2026-03-01")
        assert "Active on the last whole day" in activity and "incomplete" in activity
        assert "borderDash" in activity  # the running day of the lines
        daily = {"cohort": "day", "period": "day", "periods": "10"}
        cohorts = text_of(browser, "/admin/analytics/retention/", **daily)
        assert "staff-heat-10" in cohorts and "staff-heat-open" in cohorts
        assert "more rows are in the file" not in cohorts
        monkeypatch.setattr(pages, "ROWS_SHOWN", 5)
        cohorts = text_of(browser, "/admin/analytics/retention/", **daily)
        assert "more rows are in the file" in cohorts and "staff-heat-10" in cohorts
        steps = {"steps": "user.registered,message.sent", "window_hours": "240"}
        funnel = text_of(browser, "/admin/analytics/funnels/", **steps)
        assert "3 people, 75.0 %" in funnel and "1 did not get here" in funnel
        assert "₹50.00" in text_of(browser, "/admin/analytics/value/")
        told = text_of(browser, "/admin/analytics/funnels/", steps="user.registered,nonsense")
        assert "There is no event &#x27;nonsense&#x27;" in told
        file = browser.get("/admin/analytics/funnels/", {**steps, "file": "funnels"})
        rows = b"".join(file.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
        assert rows[2].startswith(",2,message.sent,3,1,1,0.75")
        analyst = staff_browser("analyst")
        refused = analyst.get("/admin/analytics/funnels/", {**steps, "file": "funnels"})
        assert refused.status_code == 403


def test_a_report_is_built_saved_opened_and_deleted() -> None:
    analyst, finance = staff_browser("analyst"), staff_browser("finance")
    query = "steps=screen_viewed,message.sent&window_hours=24"
    address = f"/admin/analytics/funnels/?{query}"
    saved = analyst.post(address, {"name": "To a message"})
    assert (saved.status_code, saved["Location"]) == (302, "/admin/analytics/saved/")
    twice = analyst.post(address, {"name": "To a message"}, follow=True).content.decode()
    assert "There is a report" in twice
    wrong = analyst.post("/admin/analytics/funnels/?steps=nothing", {"name": "No"}, follow=True)
    assert "cannot be saved" in wrong.content.decode()
    listed = text_of(finance, "/admin/analytics/saved/")
    assert "To a message" in listed and "Delete" not in listed
    assert "/admin/analytics/funnels/?" in listed
    own = text_of(analyst, "/admin/analytics/saved/")
    report = own.split('name="report" value="')[1].split('"')[0]
    assert finance.post("/admin/analytics/saved/", {"report": report}).status_code == 403
    gone = analyst.post("/admin/analytics/saved/", {"report": report}, follow=True)
    assert "Nobody has saved a report yet" in gone.content.decode()
