"""A member of staff enrols, finds somebody, suspends them, and sees it in the audit log."""

import base64
from collections.abc import Callable

from django_otp.oath import totp
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.test_staff_site import OpenSite, StaffWindow, hire, open_site
from tests.clients import Person

__all__ = ["hire", "open_site"]


def enrol(window: StaffWindow, email: str) -> bytes:
    """Set the authenticator up; the secret in it."""
    window.give_password(email)
    secret = base64.b32decode(window.find("#secret").inner_text())
    window.code_field().fill(f"{totp(secret):06d}")
    window.page.get_by_role("button", name="Confirm").click()
    window.page.get_by_role("link", name="I have kept them").click()
    expect(window.find("#figures")).to_be_visible()
    return secret


def look_up(window: StaffWindow, name: str, email: str) -> None:
    """Search by the beginning of the name and open the person's page."""
    window.find("#nav-sidebar-apps").get_by_role("link", name="Users").click()
    window.find("#searchbar").fill(name[:4].lower())
    window.find("#searchbar").press("Enter")
    window.find("#result_list").get_by_role("link", name=email).click()
    expect(window.find(".staff-cards")).to_be_visible()


def do(window: StaffWindow, action: str, submit: str, **fields: str) -> None:
    """Open an action's dialog, fill it in and submit it."""
    window.page.get_by_role("link", name=action).or_(
        window.page.locator("a", has_text=action)
    ).first.click()
    dialog = window.find("#dialog")
    for label, text in fields.items():
        dialog.get_by_label(label).fill(text)
    dialog.get_by_role("button", name=submit).click()


def test_suspending_somebody_closes_their_window_at_once(
    open_window: OpenWindow,
    open_site: OpenSite,
    hire: Callable[[str], Person],
    register: Callable[..., Person],
) -> None:
    zoe, admin = register("Zoe"), hire("admin")
    client, site = open_window(), open_site()
    client.sign_in(zoe.email)
    client.network_may_fail = True

    enrol(site, admin.email)
    look_up(site, "Zoe", zoe.email)
    expect(site.find(".staff-cards")).to_contain_text("Wallet")
    do(site, "Suspend", "Suspend", Reason="Sends advertisements")
    expect(site.find("body")).to_contain_text("Suspended. Open sockets are closed.")
    expect(site.find(".staff-card", "Suspension")).to_contain_text("Sends advertisements")
    expect(client.find("body")).to_contain_text("This account may not be used at the moment.")

    site.find("#nav-sidebar-apps").get_by_role("link", name="Audit entries").click()
    site.find("#searchbar").fill(zoe.email)
    site.find("#searchbar").press("Enter")
    entry = site.find("#result_list tr", "user.suspended")
    expect(entry).to_contain_text("Sends advertisements")
    expect(entry).to_contain_text(admin.email)

    entry.get_by_role("link", name=zoe.email).click()
    do(site, "Restore", "Restore", Reason="Promised to stop")
    expect(site.find("body")).to_contain_text("Restored.")
    client.page.reload()
    client.sign_in(zoe.email)
