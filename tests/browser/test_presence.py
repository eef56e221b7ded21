"""Who is here, in two windows and on the staff site."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow, Window
from tests.browser.test_staff_alerts import enter, shell
from tests.browser.test_staff_reports import PAINTED
from tests.browser.test_staff_site import OpenSite, hire, open_site
from tests.clients import Person
from tests.servers import RunningServer

__all__ = ["hire", "open_site"]

PICTURES = os.environ.get("PAIRLY_TEST_PICTURES", "")
Register = Callable[..., Person]
LAST_HERE = re.compile(r"^Last here \d\d:\d\d")
A_DAY = """
import math
from datetime import timedelta
from pairly.accounts.selectors import user_by_email
from pairly.core import clock
from pairly.core.ids import new_id
from presence.models import Count, PastVisit
minute = clock.now().replace(second=0, microsecond=0)
counts = []
for number in range(1, 24 * 60):
    crowd = int(400 - 300 * math.cos(number / 230))
    counts.append(Count(
        at=minute - timedelta(minutes=number), online=crowd, busy=crowd // 9, away=crowd // 3,
        invisible=crowd // 20,
    ))
Count.objects.bulk_create(counts, ignore_conflicts=True)
person = user_by_email("{email}")
for number in range(30):
    began = clock.now() - timedelta(days=30 - number, hours=number % 5)
    PastVisit.objects.create(
        id=new_id(), user_id=person.pk, device_kind=("web", "android", "ios")[number % 3],
        started_at=began, ended_at=began + timedelta(minutes=7 * number + 3),
    )
"""
ATTENTION = """async () => {
  const { createAttention } = await import("/static/webclient/js/attention.js");
  let at = 0, back = 0;
  const attention = createAttention({ onBack: () => (back += 1), now: () => at });
  const touch = () => window.dispatchEvent(new Event("pointermove"));
  const seen = [attention.isHere()];
  at = 29999;
  seen.push(attention.isHere());
  touch();
  at = 59998;
  seen.push(attention.isHere(), back);
  at = 59999;
  seen.push(attention.isHere());
  touch();
  seen.push(attention.isHere(), back);
  return seen;
}"""


def look(window: Window, name: str) -> None:
    """A picture for people to look at, where asked for."""
    if PICTURES:
        window.page.screenshot(path=Path(PICTURES) / f"{name}.png")


def settings_of(window: Window) -> None:
    window.find("#account-button").click()
    window.find("#account-menu").get_by_role("menuitem", name="Profile").click()


def show_as(window: Window, mode: str) -> None:
    choice = window.find("#mode-choice").get_by_role("radio", name=mode)
    choice.click()
    expect(choice).to_have_attribute("aria-checked", "true")


def test_one_sees_the_other_come_go_and_hide(open_window: OpenWindow, register: Register) -> None:
    freya, halvar = register("Freya"), register("Halvar")
    freya.open_conversation(halvar)
    watcher = open_window().sign_in(freya.email).open_chat("Halvar")
    dots = watcher.find("#chats .presence")
    subtitle = watcher.find("#chat-subtitle")
    expect(dots).to_have_count(0)

    other = open_window(390, 844, color_scheme="dark").sign_in(halvar.email)
    for place in (".conversation", "#chat-avatar"):
        expect(watcher.find(f"{place} .presence.online")).to_be_visible()
    expect(subtitle).to_contain_text("Online")
    look(watcher, "presence-online")
    settings_of(other)
    show_as(other, "Away")
    for place in (".conversation", "#chat-avatar"):
        expect(watcher.find(f"{place} .presence.away")).to_be_visible()
    expect(subtitle).to_contain_text("Away")
    look(watcher, "presence-away")
    look(other, "presence-settings")
    show_as(other, "Invisible")
    expect(dots).to_have_count(0)
    expect(subtitle).to_have_text(LAST_HERE)
    look(watcher, "presence-last-here")
    other.page.keyboard.press("Escape")
    expect(other.find("#account-avatar .presence.invisible")).to_be_visible()
    other.find("#account-button").click()
    expect(other.find("#account-menu")).to_contain_text("You are invisible")
    look(other, "presence-invisible")
    other.find("#account-menu").get_by_role("menuitem", name="Profile").click()
    show_as(other, "As I am")
    expect(subtitle).to_contain_text("Online")
    # A profile shows it as well.
    watcher.find("#chat-person").click()
    expect(watcher.find("#person-avatar .presence.online")).to_be_visible()
    expect(watcher.find("#person-facts")).to_contain_text("Online")
    look(watcher, "presence-profile")

    settings = other.find("#settings-dialog")
    settings.get_by_role("switch", name="Show when I was last here").uncheck()
    settings.get_by_role("button", name="Save").click()
    expect(other.find(".toast", "Saved")).to_be_visible()
    other.page.close()
    expect(watcher.find(".presence")).to_have_count(0)
    expect(subtitle).to_have_text(re.compile(r"^\d+$"))  # nothing but an age
    halvar.call("PATCH", "me", {"show_last_seen": True})
    expect(subtitle).to_have_text(LAST_HERE)
    halvar.socket()
    expect(subtitle).to_contain_text("Online")


def test_who_touches_nothing_is_not_at_the_window(open_window: OpenWindow) -> None:
    seen = open_window().page.evaluate(ATTENTION)
    assert seen == [True, True, True, 0, False, True, 1]


def test_staff_see_who_is_here_and_look_at_one(
    open_site: OpenSite, hire: Callable[[str], Person], server: RunningServer, register: Register
) -> None:
    sigrid, moderator, analyst = register("Sigrid"), hire("moderator"), hire("analyst")
    sigrid.socket()
    site = open_site()
    enter(server, site, moderator)
    site.find("#nav-sidebar-apps").get_by_role("link", name="Presence").click()
    expect(site.find("h1")).to_have_text("Presence")
    expect(site.find("tbody tr", sigrid.email)).to_be_visible()
    look(site, "staff-presence-quiet")
    site.page.get_by_label("Who is").select_option(label="In a call")
    site.page.get_by_role("button", name="Show").click()
    expect(site.find(".staff-card", "In a call now")).to_contain_text("Nothing here")

    shell(server, A_DAY.replace("{email}", sigrid.email))
    site.goto("/admin/presence/")
    site.page.wait_for_function(PAINTED)
    look(site, "staff-presence")
    row = site.find("tbody tr", sigrid.email)
    row.get_by_role("link", name="Past").click()
    past = site.find(".staff-card", "still here")
    expect(past.locator("tbody tr")).to_have_count(31)
    expect(past).to_be_visible()
    look(site, "staff-presence-past")
    site.page.get_by_label("Or the past of").fill("nobody@example.test")
    site.page.get_by_role("button", name="Show").click()
    expect(site.find("#main")).to_contain_text("There is no such person.")

    other = open_site()
    enter(server, other, analyst)
    other.goto("/admin/presence/")
    expect(other.find(".staff-card", "Here in the last 24 hours")).to_be_visible()
    other.page.wait_for_function(PAINTED)
    expect(other.find("body")).not_to_contain_text(sigrid.email)
    look(other, "staff-presence-figures")
