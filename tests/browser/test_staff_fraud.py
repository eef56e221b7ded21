"""A purchase under review: the buyer waits, staff look into it and decide, the balance moves."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.test_staff_people import do
from tests.browser.test_staff_site import OpenSite, StaffWindow, hire, open_site
from tests.clients import Json, Person
from tests.servers import RunningServer

pytestmark = pytest.mark.ci

__all__ = ["hire", "open_site"]


def try_to_buy(person: Person) -> Json:
    answer = person.http.post(
        "payments/intents",
        json={"package": "small", "provider": "stripe"},
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert answer.status_code == 201, answer.json()
    intent: Json = answer.json()
    return intent


def suspicious(register: Callable[..., Person], name: str) -> tuple[Person, Json]:
    """New here, at a throw-away address, and at the fourth attempt: 40 points. And it is paid."""
    person = register(name, email=f"{name.lower()}-{uuid4().hex[:8]}@mailinator.com")
    socket = person.socket()
    for _ in range(4):
        intent = try_to_buy(person)
    person.call("POST", f"mock/payments/{intent['id']}", {"outcome": "succeed"})
    assert socket.event("wallet.updated")["data"]["held"] == 50
    return person, intent


def open_review(site: StaffWindow, intent: Json) -> None:
    site.find("#nav-sidebar-apps").get_by_role("link", name="Fraud reviews").click()
    row = site.find("#result_list tr").filter(has=site.page.locator(f'a[href*="{intent["id"]}"]'))
    row.locator("th a").click()
    expect(site.find(".staff-card", "Rules that matched")).to_be_visible()


def test_staff_decide_and_the_balance_moves_in_the_buyers_window(
    open_window: OpenWindow,
    open_site: OpenSite,
    hire: Callable[[str], Person],
    register: Callable[..., Person],
    server: RunningServer,
) -> None:
    honest, intent = suspicious(register, "Quinn")
    finance, client, site = hire("finance"), open_window(), open_site()
    client.sign_in(honest.email).expect_credits(6)

    site.enter(finance.email, server.do("staff_code", finance.email).strip())
    expect(site.find(".staff-figure", "Fraud reviews waiting")).to_contain_text("1")
    open_review(site, intent)
    score = site.find(".staff-card", "Rules that matched")
    for rule in ("attempts_in_an_hour", "account_under_a_day", "disposable_mail"):
        expect(score).to_contain_text(rule)
    expect(site.find(".staff-card", "What was known")).to_contain_text("Throw-away mail")
    do(site, "Approve", "Approve", Reason="Spoke on the telephone")
    expect(site.find("body")).to_contain_text("Approved. The credits are free.")
    client.expect_credits(56)

    thief, stolen = suspicious(register, "Riley")
    open_review(site, stolen)
    do(site, "Reject", "Reject", Reason="A stolen card")
    expect(site.find("body")).to_contain_text("Rejected. The refund is on its way.")
    expect(site.find("#main")).to_contain_text("A stolen card")
    assert thief.wallet()["balance"] == 6


def test_staff_tune_a_rule_and_try_it_in_the_shadow(
    open_site: OpenSite, hire: Callable[[str], Person], server: RunningServer
) -> None:
    finance, site = hire("finance"), open_site()
    site.enter(finance.email, server.do("staff_code", finance.email).strip())
    site.find("#nav-sidebar-apps").get_by_role("link", name="Fraud rules").click()
    site.find("#result_list th a").first.click()
    site.find(".staff-table tr", "hoard").get_by_role("link", name="Change").click()
    dialog = site.find("#dialog")
    expect(dialog.get_by_label("Number")).to_have_value("1000")
    dialog.get_by_label("Number").fill("2000")
    dialog.get_by_text("Shadow: only note it").click()
    dialog.get_by_label("Reason").fill("Too many honest people save")
    dialog.get_by_role("button", name="Change").click()
    expect(site.find("body")).to_contain_text("Version 2 is in force.")
    rule = site.find(".staff-table tr", "hoard")
    expect(rule).to_contain_text("more than 2,000 credits lie unused")
    expect(rule).to_contain_text("shadow")
    site.goto("/admin/payments/ruleset/1/change/")
    expect(site.find("#main")).to_contain_text("replaced")
    expect(site.find(".staff-table")).not_to_contain_text("Change")


def test_who_may_not_see_fraud_finds_no_way_to_it(
    open_site: OpenSite, hire: Callable[[str], Person], server: RunningServer
) -> None:
    support, site = hire("support"), open_site()
    site.network_may_fail = True  # The answers below are 403, which the console tells.
    site.enter(support.email, server.do("staff_code", support.email).strip())
    assert "Fraud" not in site.find("#nav-sidebar-apps").inner_text()
    expect(site.find("#figures")).not_to_contain_text("Fraud")
    for page in ("review", "fraudcheck", "ruleset"):
        site.goto(f"/admin/payments/{page}/")
        expect(site.find("body")).to_contain_text("403")
