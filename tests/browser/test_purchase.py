"""Buying credits, from a message that could not be paid to the message that goes out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import WELCOME_CREDITS, OpenWindow, Window
from tests.clients import Person

Register = Callable[..., Person]


def buy(window: Window, package: str, decision: str) -> None:
    dialog = window.find("#credits-dialog")
    dialog.locator(".package", has_text=package).first.click()
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_role("button", name=decision).click()


@pytest.fixture
def shopper(open_window: OpenWindow, register: Register) -> tuple[Window, Person]:
    anna = register("Anna", country="IN")
    return open_window().sign_in(anna.email), anna


def test_the_balance_goes_up_in_every_window(
    shopper: tuple[Window, Person], open_window: OpenWindow
) -> None:
    window, anna = shopper
    other = open_window().sign_in(anna.email)
    window.find("#balance").click()
    expect(window.find("#purchase-form").get_by_label("Currency")).to_have_value("INR")
    buy(window, "120", "Pay ₹100.00")
    expect(window.find(".outcome.good")).to_contain_text("120 credits added")
    for one in (window, other):
        one.expect_credits(WELCOME_CREDITS + 120)
    window.find("#credits-dialog").get_by_role("button", name="Done").click()
    expect(window.find("#credits-dialog")).to_be_hidden()
    window.find("#balance").click()
    window.find("#tab-history").click()
    expect(window.find("#transactions li").first).to_contain_text("Purchase")
    assert anna.wallet()["available"] == WELCOME_CREDITS + 120


def test_a_declined_payment_may_be_tried_again(shopper: tuple[Window, Person]) -> None:
    window, anna = shopper
    window.find("#balance").click()
    buy(window, "50", "Decline")
    expect(window.find(".outcome.bad")).to_contain_text("declined")
    window.expect_credits(WELCOME_CREDITS)
    window.find("#checkout").get_by_role("button", name="Try again").click()
    window.find("#purchase-form").get_by_label("Currency").select_option("USD")
    buy(window, "50", "Pay US$0.99")
    expect(window.find(".outcome.good")).to_be_visible()
    window.expect_credits(WELCOME_CREDITS + 50)
    statuses = [intent["status"] for intent in anna.all_of("payments/intents")]
    assert statuses == ["succeeded", "failed"]


def test_a_lost_answer_begins_no_second_purchase(shopper: tuple[Window, Person]) -> None:
    """The intent was made, its answer was lost: the same key brings the same intent."""
    window, anna = shopper
    window.network_may_fail = True
    keys: list[str] = []

    def lose_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    window.page.route("**/payments/intents", lose_first)
    window.find("#balance").click()
    dialog = window.find("#credits-dialog")
    dialog.get_by_role("button", name="Continue").click()
    expect(window.find(".toast.error")).to_be_visible()
    dialog.get_by_role("button", name="Continue").click()
    expect(window.find("#checkout .bill")).to_be_visible()
    assert keys == [keys[0], keys[0]]
    assert len(anna.all_of("payments/intents")) == 1
