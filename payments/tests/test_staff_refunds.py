"""Refunds and disputes as staff see and make them, on the staff site and over REST."""

from typing import Any
from uuid import uuid4

import pytest

from pairly.audit.models import AuditEntry
from pairly.staff.tests.people import staff_api, staff_browser
from payments.refunds.models import Refund
from payments.tests.buyers import Buyer, all_is_well
from payments.tests.desk import Desk, bought

pytestmark = pytest.mark.mongodb

INTENTS, REFUNDS, DISPUTES = (
    f"/admin/payments/{name}/" for name in ("intent", "refund", "dispute")
)
DIALOG = {"HTTP_HX_REQUEST": "true"}


def text_of(browser: Any, address: str, **query: str) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, (address, answer.status_code)
    page: str = answer.content.decode()
    return page


def submit(browser: Any, intent: dict[str, Any], **fields: str) -> Any:
    """What the dialog "Refund" answers; the buttons of the page send the same."""
    body = {"_form_submitted": "True", "operation": str(uuid4()), "reason": "so", **fields}
    address = f"{INTENTS}{intent['id']}/refund/"
    return browser.post(address, body, headers={"HX-Request": "true"})


def test_finance_refunds_on_the_page_of_a_purchase() -> None:
    buyer, browser = Buyer(), staff_browser("finance")
    intent = bought(buyer)
    page = f"{INTENTS}{intent['id']}/change/"
    assert f"{intent['id']}/refund/" in text_of(browser, page)
    dialog = text_of(browser, f"{INTENTS}{intent['id']}/refund/")
    assert "all that is left, ₹50.00" in dialog
    for wrong in ({"amount": "0"}, {"amount": "much"}, {"reason": ""}):
        assert "HX-Redirect" not in submit(browser, intent, **wrong).headers
        assert not Refund.objects.exists()
    form = {"amount": "20.00", "reason": "one month late", "operation": str(uuid4())}
    for _ in range(2):  # Sent twice, and given back once.
        answer = submit(browser, intent, **form)
        assert answer.headers["HX-Redirect"] == page, answer.content
    assert (Refund.objects.get().amount_minor, buyer.bought) == (2000, 30)
    shown = text_of(browser, page)
    for told in ("₹20.00", "one month late", "Partially refunded", "Refunded."):
        assert told in shown, told
    submit(browser, intent, amount="")
    assert buyer.look(intent)["status"] == "refunded"
    assert f"{intent['id']}/refund/" not in text_of(browser, page)
    entry = AuditEntry.objects.filter(action="refund.requested").order_by("id").first()
    assert entry is not None and entry.reason == "one month late"
    assert all_is_well()


def test_who_may_only_look_refunds_nothing() -> None:
    buyer, support = Buyer(), staff_browser("support")
    intent = bought(buyer)
    assert f"{intent['id']}/refund/" not in text_of(support, f"{INTENTS}{intent['id']}/change/")
    assert submit(support, intent).status_code == 403
    assert not Refund.objects.exists()


def test_staff_find_refunds_and_disputes() -> None:
    buyer, other, desk = Buyer(), Buyer(), Desk()
    intent, disputed = bought(buyer), bought(other)
    refund = desk.refunded(intent, 1000)
    other.play(disputed, "dispute")
    browser = staff_browser("analyst")
    for wanted in (buyer.email, buyer.id, intent["id"], refund["id"], refund["provider_ref"]):
        assert refund["id"] in text_of(browser, REFUNDS, q=wanted), wanted
    assert refund["id"] not in text_of(browser, REFUNDS, q=other.email)
    assert refund["id"] not in text_of(browser, REFUNDS, state__exact="failed")
    assert "asked for it" in text_of(browser, f"{REFUNDS}{refund['id']}/change/")
    (dispute,) = desk.api.get("/api/v1/staff/payments/disputes").json()["results"]
    for wanted in (other.email, other.id, disputed["id"], dispute["id"], dispute["provider_ref"]):
        assert dispute["id"] in text_of(browser, DISPUTES, q=wanted), wanted
    assert dispute["id"] not in text_of(browser, DISPUTES, q=buyer.email)
    assert "fraudulent" in text_of(browser, f"{DISPUTES}{dispute['id']}/change/")
    for amount, there in (("INR-5000", True), ("INR-10000", False), ("INR-" + "9" * 30, True)):
        assert (intent["id"] in text_of(browser, INTENTS, amount=amount)) is there, amount
    page = text_of(browser, f"{INTENTS}{disputed['id']}/change/")
    assert "₹50.00 open" in page and "fraudulent" in page


def test_programs_of_staff_see_the_same() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    refund = desk.refunded(intent, 1000)
    buyer.play(intent, "dispute")
    refunds, disputes = ("/api/v1/staff/payments/refunds", "/api/v1/staff/payments/disputes")
    api = staff_api("support")

    def found(address: str, **query: Any) -> list[str]:
        answer = api.get(address, query)
        assert answer.status_code == 200, answer.json()
        return [one["id"] for one in answer.json()["results"]]

    assert found(refunds) == found(refunds, q=buyer.email) == [refund["id"]]
    assert found(refunds, user_id=buyer.id, state="succeeded", provider="stripe") == [refund["id"]]
    assert found(refunds, state="pending") == found(refunds, user_id=str(uuid4())) == []
    assert len(found(disputes, user_id=buyer.id)) == len(found(disputes, state="opened")) == 1
    assert found(disputes, state="won") == []
    payments = "/api/v1/staff/payments"
    assert found(payments, user_id=buyer.id, amount=5000, currency="INR") == [intent["id"]]
    assert found(payments, amount=5001, currency="INR") == []
    for odd in ({"amount": "5000"}, {"amount": "9" * 30, "currency": "INR"}):
        assert api.get(payments, odd).status_code == 400
    one = api.get(f"{payments}/{intent['id']}").json()
    assert (one["status"], one["refunded_minor"], one["disputed_minor"]) == ("disputed", 1000, 4000)
    assert [each["id"] for each in one["refunds"]] == [refund["id"]]
    assert one["disputes"][0]["credits"] == 40
    assert {step["about"] for step in one["history"]} == {"payment", "refund", "dispute"}
    for address in (refunds, disputes):
        assert staff_api("moderator").get(address).status_code == 403
        assert buyer.api.get(address).status_code == 404


def test_a_persons_finances_in_one_look(settings: Any) -> None:
    settings.REFUND_BOOKS_DEBT = True
    buyer, desk = Buyer(), Desk()
    first, second = bought(buyer), bought(buyer, package="large", currency="USD")
    buyer.intent()
    desk.refunded(first)
    buyer.play(second, "dispute")
    buyer.play(second, "dispute_lost")
    address = f"/api/v1/staff/users/{buyer.id}/finances"
    told = desk.api.get(address).json()
    assert told["totals"] == [
        {"currency": "INR", "paid": 5000, "refunded": 5000, "lost": 0},
        {"currency": "USD", "paid": 399, "refunded": 0, "lost": 399},
    ]
    assert [len(told[name]) for name in ("purchases", "refunds", "disputes")] == [3, 1, 1]
    assert told["wallet"] == buyer.api.get("/api/v1/wallet").json()
    assert AuditEntry.objects.filter(action="user.finances_viewed").count() == 1
    for role, status in (("support", 200), ("analyst", 403), ("moderator", 403)):
        assert staff_api(role).get(address).status_code == status, role
    assert desk.api.get(f"/api/v1/staff/users/{uuid4()}/finances").status_code == 404

    page = f"/admin/accounts/user/{buyer.id}/change/"
    shown = text_of(staff_browser("support"), page)
    for part in ("₹50.00 paid, ₹50.00 refunded", "$3.99 paid, $3.99 lost", "Dispute lost"):
        assert part in shown, part
    assert "Purchases" not in text_of(staff_browser("moderator"), page)
