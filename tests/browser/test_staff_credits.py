"""Credits in several browsers: given, decided by two, frozen, and looked up in the ledger."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.test_staff_people import do, look_up
from tests.browser.test_staff_site import OpenSite, StaffWindow, hire, open_site
from tests.clients import Person
from tests.servers import RunningServer

pytestmark = pytest.mark.ci

__all__ = ["hire", "open_site"]


def test_support_gives_credits_and_the_balance_moves_in_the_persons_window(
    open_window: OpenWindow,
    open_site: OpenSite,
    hire: Callable[[str], Person],
    register: Callable[..., Person],
    server: RunningServer,
) -> None:
    yara, support = register("Yara"), hire("support")
    client, site = open_window(), open_site()
    client.sign_in(yara.email).expect_credits(6)
    enter(site, support, server)
    look_up(site, "Yara", yara.email)
    expect(site.find("#main")).not_to_contain_text("Suspend")
    expect(site.find("#main")).not_to_contain_text("Freeze")
    do(site, "Give or take credits", "Book", Credits="51", Reason="Our fault")
    expect(site.find("body")).to_contain_text("from 1 to 50 credits")
    do(site, "Give or take credits", "Book", Credits="12", Reason="Our fault")
    expect(site.find("body")).to_contain_text("Booked. The balance is 18 credits.")
    client.expect_credits(18)
    do(site, "Add note", "Add", Note="Was kind about it")
    expect(site.find(".staff-card", "Staff notes")).to_contain_text("Was kind about it")


def test_two_people_give_many_credits_and_one_freezes_them(
    open_window: OpenWindow,
    open_site: OpenSite,
    hire: Callable[[str], Person],
    register: Callable[..., Person],
    server: RunningServer,
) -> None:
    xenia, finance, admin = register("Xenia"), hire("finance"), hire("admin")
    client, desk, second = open_window(), open_site(), open_site()
    client.sign_in(xenia.email).expect_credits(6)
    enter(desk, finance, server)
    look_up(desk, "Xenia", xenia.email)
    do(desk, "Give or take credits", "Book", Credits="1500", Reason="A purchase that got lost")
    expect(desk.find("body")).to_contain_text("A second person has to approve this")
    expect(desk.find(".staff-card", "Credits changed by staff")).to_contain_text("1,500")
    person_page = desk.page.url
    open_newest_approval(desk)
    expect(desk.find("body")).to_contain_text("Withdraw")
    expect(desk.find("body")).not_to_contain_text("Approve")

    enter(second, admin, server)
    expect(second.find("#figures")).to_contain_text("Waiting for you")
    open_newest_approval(second)
    expect(second.find("body")).to_contain_text("A purchase that got lost")
    do(second, "Approve", "Approve", Reason="Seen at the bank")
    expect(second.find("body")).to_contain_text("Approved and carried out.")
    client.expect_credits(1506)

    desk.page.goto(person_page)
    do(desk, "Freeze spending", "Freeze", Reason="A stolen card")
    expect(desk.find(".staff-card", "Wallet")).to_contain_text("A stolen card")
    client.expect_credits(0)
    desk.page.reload()
    do(desk, "Unfreeze spending", "Unfreeze", Reason="Not stolen after all")
    client.expect_credits(1506)

    desk.find(".staff-card", "Wallet").get_by_role("link", name="Statement").click()
    lines = desk.find(".staff-table tbody tr")
    expect(lines.first).to_contain_text("+1,500")
    expect(lines.first).to_contain_text("1,506")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    lines.first.get_by_role("link").click()
    expect(desk.find("#main")).to_contain_text("signature")


def enter(window: StaffWindow, person: Person, server: RunningServer) -> None:
    window.enter(person.email, server.do("staff_code", person.email).strip())


def open_newest_approval(window: StaffWindow) -> None:
    window.find("#nav-sidebar-apps").get_by_role("link", name="Approvals").click()
    window.find("#result_list a").first.click()
    expect(window.find("#main")).to_contain_text("Waits until")
