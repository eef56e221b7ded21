"""The staff site in a real browser: the way in, and pages whose policy blocks nothing of theirs."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django_otp.oath import totp
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Window
from tests.clients import PASSWORD, Person
from tests.servers import RunningServer

STEP_SECONDS = 30
OpenSite = Callable[[], "StaffWindow"]


class StaffWindow(Window):
    """A window of somebody who works here."""

    def goto(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def give_password(self, email: str) -> None:
        self.goto("/admin/")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Continue").click()

    def code_field(self) -> Locator:
        return self.page.get_by_role("textbox", name="Code")

    def give_code(self, code: str) -> None:
        self.code_field().fill(code)
        self.page.get_by_role("button", name="Verify").click()

    def enter(self, email: str, code: str) -> None:
        self.give_password(email)
        self.give_code(code)
        expect(self.find("#figures")).to_be_visible()

    def addresses(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(
            "#nav-sidebar-apps a", "all => all.map((one) => one.getAttribute('href'))"
        )
        return found


@pytest.fixture
def open_site(browser: Browser, server: RunningServer) -> Iterator[OpenSite]:
    windows: list[StaffWindow] = []

    def open_one() -> StaffWindow:
        context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB")
        windows.append(StaffWindow(context.new_page(), server.url))
        return windows[-1]

    yield open_one
    problems = [problem for window in windows for problem in window.problems]
    for window in windows:
        window.page.context.close()
    assert problems == []


@pytest.fixture
def hire(server: RunningServer, register: Callable[..., Person]) -> Callable[[str], Any]:
    """Somebody who works here in a role, and how to get their next code."""

    def make(role: str) -> Person:
        person = register(role.title())
        server.do("create_staff", person.email, "--role", role)
        return person

    return make


def test_a_new_member_of_staff_enrols_and_comes_back_with_a_recovery_code(
    open_site: OpenSite, hire: Callable[[str], Person]
) -> None:
    admin, window = hire("admin"), open_site()
    window.give_password(admin.email)
    expect(window.find("h1")).to_have_text("Set up your authenticator")
    expect(window.find(".staff-qr svg")).to_be_visible()
    secret = base64.b32decode(window.find("#secret").inner_text())
    window.code_field().fill("000000")
    window.page.get_by_role("button", name="Confirm").click()
    expect(window.find(".staff-door-card", "This is not the code.")).to_be_visible()
    window.code_field().fill(f"{totp(secret):06d}")
    window.page.get_by_role("button", name="Confirm").click()
    shown = window.find("#recovery-codes code")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    assert len(set(codes)) == 10
    window.page.get_by_role("link", name="I have kept them").click()
    expect(window.find("#figures")).to_contain_text("Users")

    window.goto("/admin/second-factor/recovery-codes/")
    expect(window.find(".staff-panel").first).to_contain_text("10 of your recovery codes")
    window.find("nav").get_by_text(admin.email).first.click()
    window.page.get_by_role("button", name="Log out").click()
    expect(window.find("h1")).to_have_text("Sign in")
    window.give_password(admin.email)
    window.give_code(codes[0].lower())
    expect(window.find("#figures")).to_be_visible()


@pytest.mark.parametrize("role", [pytest.param("superadmin", marks=pytest.mark.ci), "moderator"])
def test_every_page_of_a_role_opens_and_breaks_no_policy(
    role: str, open_site: OpenSite, hire: Callable[[str], Person], server: RunningServer
) -> None:
    person, window = hire(role), open_site()
    window.enter(person.email, server.do("staff_code", person.email).strip())
    for address in window.addresses():
        window.goto(address)
        expect(window.find("#main h1")).to_be_visible()
    if role == "moderator":
        assert "Ledger" not in window.find("#nav-sidebar-apps").inner_text()
    window.page.emulate_media(color_scheme="dark")
    window.goto("/admin/")
    expect(window.find("html.dark #figures")).to_be_visible()
