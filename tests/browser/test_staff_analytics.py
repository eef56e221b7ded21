"""Reports about people in a browser: drawn, built in a form, kept under a name, taken away."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_staff_alerts import enter, shell
from tests.browser.test_staff_reports import PAINTED
from tests.browser.test_staff_site import OpenSite, StaffWindow, hire, open_site
from tests.clients import Person
from tests.servers import RunningServer

pytestmark = pytest.mark.ci

__all__ = ["hire", "open_site"]

HAPPENINGS = """
from datetime import timedelta
import time_machine
from analytics.reports.tests.happenings import happened
from pairly.core import clock
from payments.tests.people import make_people
now = clock.now()
with time_machine.travel(now - timedelta(days=9), tick=False):
    people = make_people(4)
for number, user_id in enumerate(people):
    happened(user_id, "user.registered", now - timedelta(days=9))
    for days in range(number):
        happened(user_id, "message.sent", now - timedelta(days=8 - days), kind="text")
"""
PAGES = (
    "activity",
    "retention",
    "funnels",
    "acquisition",
    "features",
    "quality",
    "value",
    "live",
    "saved",
)


def look_at_each_page(site: StaffWindow) -> None:
    for page in PAGES:
        site.goto(f"/admin/analytics/{page}/")
        expect(site.find("h1")).to_be_visible()
        expect(site.find(".staff-card").first).to_be_visible()


def test_finance_builds_a_funnel_keeps_it_and_takes_it_away(
    open_site: OpenSite, hire: Callable[[str], Person], server: RunningServer, tmp_path: Path
) -> None:
    finance, site = hire("finance"), open_site()
    enter(server, site, finance)
    look_at_each_page(site)
    expect(site.find("#main")).to_contain_text("Nobody has saved a report yet")
    shell(server, HAPPENINGS)
    look_at_each_page(site)
    site.find("#nav-sidebar-apps").get_by_role("link", name="Activity").click()
    expect(site.find("canvas.chart").first).to_be_visible()
    site.page.wait_for_function(PAINTED)
    site.find("#nav-sidebar-apps").get_by_role("link", name="Retention").click()
    site.page.get_by_label("Counted in").select_option("day")
    site.page.get_by_role("button", name="Show").click()
    expect(site.find(".staff-heat-cell").first).to_be_visible()

    site.find("#nav-sidebar-apps").get_by_role("link", name="Funnels").click()
    site.page.get_by_label("Steps").fill("user.registered,nonsense")
    site.page.get_by_role("button", name="Show").click()
    expect(site.find("#main")).to_contain_text("There is no event 'nonsense'.")
    site.page.get_by_label("Steps").fill("user.registered,message.sent")
    site.page.get_by_label("Window, hours").fill("240")
    site.page.get_by_role("button", name="Show").click()
    expect(site.find(".staff-funnel li")).to_have_count(2)
    with site.page.expect_download() as loading:
        site.page.get_by_role("link", name="Download CSV").click()
    loading.value.save_as(tmp_path / "funnel.csv")
    assert (tmp_path / "funnel.csv").read_text().startswith("value,step,event,people")
    site.page.get_by_label("Save as").fill("To the first message")
    site.page.get_by_role("button", name="Save").click()
    site.page.get_by_role("link", name="To the first message").click()
    expect(site.page.get_by_label("Window, hours")).to_have_value("240")
    site.find("#nav-sidebar-apps").get_by_role("link", name="Saved reports").click()
    site.page.get_by_role("button", name="Delete").click()
    expect(site.find("#main")).to_contain_text("Nobody has saved a report yet")
