"""Staff look at a call that goes on, end it, give back a part, flag it, and read the statistics."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from calling.tests.line import Line
from tests.browser.test_staff_alerts import enter
from tests.browser.test_staff_people import do
from tests.browser.test_staff_reports import PAINTED
from tests.browser.test_staff_site import OpenSite, StaffWindow, hire, open_site
from tests.clients import Person
from tests.servers import RunningServer

pytestmark = pytest.mark.ci

__all__ = ["hire", "open_site"]

PICTURES = os.environ.get("PAIRLY_TEST_PICTURES", "")


@pytest.fixture
def line(server: RunningServer) -> Iterator[Line]:
    made = Line(server.url)
    yield made
    made.close()


def look(site: StaffWindow, name: str) -> None:
    """A picture for people to look at, where asked for."""
    if PICTURES:
        site.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def open_dialog(site: StaffWindow, action: str) -> Locator:
    """Its button has exactly this text, as the navigation's has not."""
    site.page.locator("a", has_text=re.compile(rf"{action}\s*$")).last.click()
    dialog = site.find("#dialog")
    expect(dialog.get_by_label("Reason")).to_be_visible()
    return dialog


def test_a_call_is_ended_refunded_flagged_and_counted(
    open_site: OpenSite, hire: Callable[[str], Person], server: RunningServer, line: Line
) -> None:
    line.talk()
    site = open_site()
    enter(server, site, hire("admin"))
    site.find("#nav-sidebar-apps").get_by_role("link", name="Calls").click()
    look(site, "staff-calls")
    site.find("#searchbar").fill(line.call)
    site.find("#searchbar").press("Enter")
    site.find("#result_list tbody tr").get_by_role("link").first.click()
    expect(site.find(".staff-card", "What happened")).to_contain_text("last sign of life")
    look(site, "staff-call-live")

    do(site, "End now", "End the call", Reason="A threat on the phone")
    expect(site.find("body")).to_contain_text("The call has ended.")
    assert line.phone.event("call.ended")["data"]["reason"] == "moderation"
    expect(site.find("#main")).to_contain_text("ended: moderation")

    for credits, told in (("99", "From 1 to 5 credits are left."), ("2", "2 credits were given")):
        dialog = open_dialog(site, "Refund")
        dialog.get_by_label("Credits").fill(credits)
        dialog.get_by_label("Reason").fill("It was cut short")
        look(site, "staff-call-refund")
        dialog.get_by_role("button", name="Refund").click()
        expect(site.find("body")).to_contain_text(told)
    assert line.ava.wallet()["balance"] == 6 - 5 + 2

    dialog = open_dialog(site, "Flag")
    look(site, "staff-call-flag")
    dialog.get_by_label("Who did it").select_option(line.ava.id)
    dialog.get_by_label("What").select_option("harassment")
    dialog.get_by_label("Reason").fill("Heard by somebody else")
    dialog.get_by_role("button", name="Flag").click()
    expect(site.find("body")).to_contain_text("It is in the moderation queue.")
    look(site, "staff-call-over")

    site.find("#nav-sidebar-apps").get_by_role("link", name="Call statistics").click()
    expect(site.find("h1")).to_have_text("Call statistics")
    expect(site.find(".staff-card", "How they ended")).to_contain_text("Moderation")
    site.page.wait_for_function(PAINTED)
    look(site, "staff-call-statistics")
