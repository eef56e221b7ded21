"""A dead letter is an alert on the home page; staff look after it, replay and discard."""

import json
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from payments.tests.buyers import signed, stripe_event
from tests.browser.test_staff_people import do
from tests.browser.test_staff_site import OpenSite, StaffWindow, hire, open_site
from tests.clients import Person
from tests.servers import RunningServer

pytestmark = pytest.mark.ci

__all__ = ["hire", "open_site"]

KILL = """
from payments.models import Webhook
Webhook.objects.filter(event_id="evt_browser").update(state="dead", attempts=8)
"""
CHECK = "from pairly.monitoring.tasks import check_alert_rules; check_alert_rules()"


@pytest.fixture
def dead_letter(server: RunningServer) -> None:
    """An event about somebody else's payment, which has failed too often."""
    payment = {"provider_ref": "pi_none_of_ours", "amount": 5000, "currency": "INR"}
    body = json.dumps(stripe_event(payment) | {"id": "evt_browser"}).encode()
    headers = {"Stripe-Signature": signed(body), "Content-Type": "application/json"}
    address = f"{server.url}/api/v1/webhooks/stripe"
    assert httpx.post(address, content=body, headers=headers).status_code == 200
    shell(server, KILL + CHECK)


def shell(server: RunningServer, code: str) -> str:
    return server.do("shell", "-v", "0", "-c", code)


def enter(server: RunningServer, window: StaffWindow, person: Person) -> None:
    window.enter(person.email, server.do("staff_code", person.email).strip())


@pytest.mark.usefixtures("dead_letter")
def test_from_the_alert_to_the_event_and_back(
    open_site: OpenSite, hire: Callable[[str], Person], server: RunningServer
) -> None:
    admin, support = hire("admin"), hire("support")
    site, onlooker = open_site(), open_site()
    enter(server, site, admin)
    alert = site.find(".staff-alert", "Dead webhooks: 1")
    expect(alert).to_contain_text("Critical")
    alert.get_by_role("link").click()
    do(site, "Acknowledge", "Acknowledge", Reason="I am on it")
    expect(site.find("body")).to_contain_text("You look after it now.")
    site.goto("/admin/")
    expect(alert).to_contain_text("looked after")

    enter(server, onlooker, support)
    expect(onlooker.find(".staff-alert")).to_have_count(0)
    for window in (onlooker, site):
        window.find("#nav-sidebar-apps").get_by_role("link", name="Webhooks").click()
        window.find("#searchbar").fill("evt_browser")
        window.find("#searchbar").press("Enter")
        window.find("#result_list tbody a").first.click()
        expect(window.find("#main")).to_contain_text("pi_none_of_ours")
    expect(onlooker.find("a", "Discard")).to_have_count(0)

    do(site, "Replay", "Replay", Reason="Perhaps it is known by now")
    expect(site.find("body")).to_contain_text("It is processed again.")
    expect(site.find("#main")).to_contain_text("UnknownIntent")
    shell(server, KILL)
    site.page.reload()
    do(site, "Discard", "Discard", Reason="Of another shop")
    expect(site.find("body")).to_contain_text("Discarded.")
    shell(server, CHECK)
    site.goto("/admin/")
    expect(alert).to_have_count(0)
    site.find("#nav-sidebar-apps").get_by_role("link", name="Audit entries").click()
    expect(site.find("#result_list tr", "webhook.discarded")).to_contain_text("Of another shop")
