"""Purchases and webhooks as staff see them, on the staff site and over REST."""

from datetime import timedelta
from typing import Any

import pytest

from pairly.core import clock
from pairly.staff.tests.people import staff_api, staff_browser
from payments.models import Webhook
from payments.tests.buyers import Buyer, deliver, stripe_event

pytestmark = pytest.mark.mongodb

INTENTS, OBSERVED, WEBHOOKS = (
    f"/admin/payments/{name}/" for name in ("intent", "observed", "webhook")
)


def text_of(browser: Any, address: str, **query: str) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, (address, answer.status_code)
    page: str = answer.content.decode()
    return page


def test_staff_find_a_purchase_and_its_history() -> None:
    buyer, other = Buyer(), Buyer()
    paid, open_one = buyer.intent(package="large"), other.intent(currency="USD")
    deliver(stripe_event(paid, amount_received=1))
    deliver(stripe_event(paid))
    analyst = staff_browser("analyst")
    for wanted in (
        buyer.email,
        buyer.email.upper(),
        buyer.id,
        paid["id"],
        paid["provider_ref"],
        "1",
    ):
        page = text_of(analyst, INTENTS, q=wanted)
        assert paid["id"] in page and open_one["id"] not in page, wanted
    for query in (
        {"status__exact": "succeeded"},
        {"provider": "stripe", "status__exact": "succeeded"},
        {"q": "nobody@example.org"},
        {"q": "9999"},
    ):
        assert open_one["id"] not in text_of(analyst, INTENTS, **query), query
    today = clock.now().date()
    tomorrow, yesterday = today + timedelta(days=1), today - timedelta(days=1)
    for first, last, there in (
        (yesterday, today, True),
        (today, today, True),
        (tomorrow, tomorrow, False),
        (yesterday, yesterday, False),
    ):
        page = text_of(analyst, INTENTS, created_at_from=str(first), created_at_to=str(last))
        assert (paid["id"] in page) is there, (first, last)
    page = text_of(analyst, f"{INTENTS}{paid['id']}/change/")
    for shown in ("₹200.00", "Set aside", "amount 1 for 20000", "Applied", "number 1", buyer.email):
        assert shown in page, shown
    aside = text_of(analyst, OBSERVED, verdict__exact="set_aside")
    assert paid["id"] in aside and "amount 1 for 20000" in aside
    assert text_of(analyst, OBSERVED, verdict__exact="ignored").count(paid["id"]) == 0


def test_staff_inspect_a_webhook_as_it_came() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    event = stripe_event(intent)
    deliver(event)
    deliver({"id": "evt_odd", "type": "charge.<script>", "created": 1, "data": {}})
    finance = staff_browser("finance")
    assert event["id"] in text_of(finance, f"{INTENTS}{intent['id']}/change/")
    stored = Webhook.objects.get(event_id=event["id"])
    for wanted in (event["id"], str(stored.pk), intent["id"]):
        assert str(stored.pk) in text_of(finance, WEBHOOKS, q=wanted), wanted
    assert str(stored.pk) not in text_of(finance, WEBHOOKS, state__exact="ignored")
    page = text_of(finance, f"{WEBHOOKS}{stored.pk}/change/")
    assert intent["provider_ref"] in page and "v1=" in page
    odd = Webhook.objects.get(event_id="evt_odd")
    assert (
        "<script>"
        not in text_of(finance, f"{WEBHOOKS}{odd.pk}/change/").partition("charge.")[2][:8]
    )


def test_the_home_page_tells_of_purchases_and_of_what_needs_a_look() -> None:
    finance = staff_browser("finance")
    assert "observations set aside: 0" in text_of(finance, "/admin/home-figures/")
    buyer = Buyer()
    intent = buyer.intent()
    deliver(stripe_event(intent, amount_received=1))
    deliver(stripe_event(intent))
    assert "observations set aside: 1" in text_of(finance, "/admin/home-figures/")
    assert "Dead webhooks" in text_of(finance, "/admin/")
    assert "Dead webhooks" not in text_of(staff_browser("moderator"), "/admin/")


def test_programs_of_staff_see_the_same() -> None:
    buyer = Buyer()
    paid, declined = buyer.intent(), buyer.intent()
    buyer.play(paid, "succeed")
    buyer.play(declined, "decline")
    api = staff_api("support")

    def found(**query: str) -> list[str]:
        answer = api.get("/api/v1/staff/payments", query)
        assert answer.status_code == 200, answer.json()
        return [one["id"] for one in answer.json()["results"]]

    before, after = (clock.to_rfc3339(clock.now() + timedelta(hours=hours)) for hours in (-1, 1))
    both = [declined["id"], paid["id"]]
    assert found() == found(q=buyer.email) == found(since=before, until=after) == both
    assert found(since="0001-01-01T00:00:00Z", until="9999-12-31T23:59:59Z") == both
    assert found(status="succeeded") == found(q=paid["id"], provider="stripe") == [paid["id"]]
    for nothing in (
        {"since": after},
        {"until": before},
        {"provider": "razorpay"},
        {"q": "nobody@example.org"},
        {"q": paid["id"], "status": "failed"},
    ):
        assert found(**nothing) == [], nothing
    assert api.get("/api/v1/staff/payments", {"status": "odd"}).status_code == 400
    one = api.get(f"/api/v1/staff/payments/{paid['id']}").json()
    assert (one["user_id"], one["status"]) == (buyer.id, "succeeded")
    assert [step["verdict"] for step in one["history"]] == ["applied", "applied"]
    hooks = api.get("/api/v1/staff/webhooks", {"q": paid["id"]}).json()["results"]
    assert [hook["state"] for hook in hooks] == ["done"]
    whole = api.get(f"/api/v1/staff/webhooks/{hooks[0]['id']}").json()
    assert paid["provider_ref"] in whole["body"] and "stripe-signature" in whole["headers"]
    missing = "0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1"
    for noun in ("payments", "webhooks"):
        assert api.get(f"/api/v1/staff/{noun}/{missing}").status_code == 404
    assert staff_api("moderator").get("/api/v1/staff/payments").status_code == 403
    assert buyer.api.get("/api/v1/staff/payments").status_code == 404
