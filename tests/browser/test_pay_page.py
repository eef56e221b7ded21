"""The mock provider's own page, and the window that hears how it went there."""

from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import expect

from tests.browser.conftest import WELCOME_CREDITS, OpenWindow
from tests.clients import Person


def test_what_is_paid_at_the_provider_arrives_in_the_other_window(
    open_window: OpenWindow, register: Callable[..., Person]
) -> None:
    anna = register("Anna")
    shown = open_window().sign_in(anna.email)
    order = {"package": "large", "provider": "razorpay", "currency": "INR"}
    headers = {"Idempotency-Key": str(uuid4())}
    intent = anna.http.post("payments/intents", json=order, headers=headers).json()
    at_provider = open_window()
    at_provider.page.goto(intent["next_action"]["url"])
    state, buttons = at_provider.find("[role=status]"), at_provider.page
    expect(buttons.get_by_role("heading")).to_have_text("₹200.00")
    buttons.get_by_role("button", name="Decline").click()
    expect(state).to_contain_text("declined")
    buttons.get_by_role("button", name="Pay ₹200.00").click()
    expect(state).to_have_text("Paid. Your credits are there.")
    expect(buttons.get_by_role("button")).to_have_count(0)
    shown.expect_credits(WELCOME_CREDITS + 300)
