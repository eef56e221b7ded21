"""The home page: what each role is told, and that a full database costs no more."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pairly.jobs.models import JobRun
from pairly.schedule import TASKS_BY_NAME, run
from pairly.staff import home
from pairly.staff.tests.people import staff_browser

FIGURE = re.compile(
    r"staff-figure-(\w+)\".*?</span>(?:<a[^>]*>)?([^<]+).*?value\">([^<]*)<.*?note\">([^<]*)<", re.S
)
JOBS = ("payments.seal_ledger", "payments.verify_ledger_incremental", "audit.verify_audit")


@pytest.fixture(autouse=True)
def own_heads(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def figures(browser: Any) -> dict[str, tuple[str, str, str]]:
    """Each card of the page: title to value, note and state."""
    page = browser.get("/admin/home-figures/").content.decode()
    return {title: (value, note, state) for state, title, value, note in FIGURE.findall(page)}


@pytest.mark.mongodb
def test_the_figures_are_those_of_the_database() -> None:
    browser = staff_browser("superadmin")
    before = figures(browser)
    assert before["Ledger chain"] == ("not verified", "not checked yet, head none yet", "warning")
    call_command("create_users", "--count", "3", "--credits", "7")
    for name in JOBS:
        run(TASKS_BY_NAME[name])
    shown = figures(browser)
    assert shown["Users"] == ("4", "4 in the last 24 hours", "plain")
    assert shown["Messages"] == ("0", "0 in the last hour", "plain")
    assert shown["Credits given"] == ("21", "as of block 1", "plain")
    assert shown["Credits sold"][0] == shown["Credits spent"][0] == "0"
    assert shown["Ledger chain"] == ("verified", "checked just now, head just now", "good")
    assert shown["Audit chain"][0] == "verified"
    assert shown["Jobs failing"] == ("0", "0 failed in the last 24 hours", "good")

    failed = {"error": "LedgerBroken: …", "failed_at": JobRun.objects.get(pk=JOBS[1]).started_at}
    JobRun.objects.filter(pk=JOBS[1]).update(**failed)
    broken = figures(browser)
    assert broken["Ledger chain"][0] == "BROKEN" and broken["Ledger chain"][2] == "bad"
    assert broken["Jobs failing"] == ("1", JOBS[1], "bad")


def test_a_full_table_is_counted_up_to_a_limit(monkeypatch: Any) -> None:
    browser = staff_browser("superadmin")
    with CaptureQueriesContext(connection) as empty:
        figures(browser)
    monkeypatch.setattr(home, "COUNTED_MAX", 10)
    call_command("create_users", "--count", "30")
    with CaptureQueriesContext(connection) as full:
        shown = figures(browser)
    assert shown["Users"][:2] == ("31", "10+ in the last 24 hours")
    assert len(full) == len(empty)


@pytest.mark.parametrize(
    ("role", "seen", "unseen"),
    [
        ("moderator", {"Users", "Cases waiting", "Outbox waiting"}, {"Credits sold"}),
        ("support", {"Users", "Credits sold"}, {"Jobs failing", "Audit chain"}),
        ("finance", {"Ledger chain"}, {"Cases waiting", "Audit chain"}),
        ("analyst", {"Ledger chain", "Messages"}, {"Users", "Cases waiting", "Audit chain"}),
    ],
)
def test_each_role_sees_its_own(role: str, seen: set[str], unseen: set[str]) -> None:
    titles = figures(staff_browser(role)).keys()
    assert seen <= titles and not unseen & titles
