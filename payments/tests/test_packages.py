"""What is sold and for how much: as staff decide, on the staff site, with a trace."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import Conflict, NotFound, ValidationFailed
from pairly.staff.tests.people import staff_api, staff_browser
from payments.currencies import amount_text, format_amount, parse_amount
from payments.models import Package, Price
from payments.packages.services import change_package, create_package
from payments.tests.buyers import Buyer, all_is_well

pytestmark = pytest.mark.mongodb

ADDRESS = "/admin/payments/package"


def sold() -> dict[str, Any]:
    return {one["code"]: one for one in APIClient().get("/api/v1/packages").json()}


def dialog(browser: Any, address: str, **values: Any) -> Any:
    body = {"_form_submitted": "True", **values}
    return browser.post(address, body, headers={"HX-Request": "true"})


def test_finance_changes_a_price_and_orders_that_were_begun_keep_theirs() -> None:
    buyer = Buyer()
    before = buyer.intent()
    finance = staff_browser("finance")
    form = finance.get(f"{ADDRESS}/small/change_package/")
    assert "Now ₹50.00." in form.content.decode()
    answer = dialog(
        finance,
        f"{ADDRESS}/small/change_package/",
        credits="60",
        offered="on",
        INR="59.50",
        USD="0.99",
        reason="Costs went up",
    )
    assert answer.headers["HX-Redirect"] == f"{ADDRESS}/small/change/", answer.content
    assert sold()["small"] == {"code": "small", "credits": 60, "prices": {"INR": 5950, "USD": 99}}
    assert Price.objects.filter(package="small").count() == 3
    after = buyer.intent()
    assert [(one["amount"], one["credits"]) for one in (before, after)] == [(5000, 50), (5950, 60)]
    for intent in (before, after):
        buyer.play(intent, "succeed")
    assert buyer.bought == 110
    (entry,) = AuditEntry.objects.filter(action="package.changed")
    assert (entry.target_id, entry.reason) == ("small", "Costs went up")
    assert '"INR":5000' in entry.before and '"INR":5950' in entry.after
    page = finance.get(f"{ADDRESS}/small/change/").content.decode()
    assert "₹59.50" in page and "₹50.00" in page
    assert all_is_well()


def test_a_price_may_start_later_and_a_package_be_taken_off() -> None:
    now = clock.now()
    with time_machine.travel(now, tick=False) as time:
        change_package(
            actor_id=None,
            code="large",
            credits=300,
            offered=True,
            prices={"INR": 25000},
            starts_at=now + timedelta(days=1),
            reason="New year",
            now=now,
        )
        assert sold()["large"]["prices"] == {"INR": 20000, "USD": 399}
        time.shift(timedelta(days=1))
        assert sold()["large"]["prices"] == {"INR": 25000, "USD": 399}
        browser = staff_browser("superadmin")
        address = f"{ADDRESS}/large/change_package/"
        form = {"credits": "300", "offered": "on", "USD": "3.99", "reason": "Next year"}
        tomorrow = (now + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
        yesterday = now.strftime("%Y-%m-%dT%H:%M")
        dialog(browser, address, INR="260", starts_at=yesterday, **form)
        assert dialog(browser, address, INR="270", starts_at=tomorrow, **form).headers[
            "HX-Redirect"
        ]
        assert sold()["large"]["prices"] == {"INR": 25000, "USD": 399}
        page = browser.get(f"{ADDRESS}/large/change/").content.decode()
        assert "₹270.00" in page and "₹260.00" not in page and "to come" in page
        time.shift(timedelta(days=1))
        assert sold()["large"]["prices"] == {"INR": 27000, "USD": 399}
        browser = staff_browser("superadmin")
        dialog(browser, address, credits="300", INR="270", USD="3.99", reason="Nobody wants it")
        assert "large" not in sold()
        assert Buyer().begin(package="large").json()["code"] == "validation_error"


def test_a_new_package_is_on_offer_at_once() -> None:
    finance = staff_browser("finance")
    answer = dialog(
        finance,
        f"{ADDRESS}/new_package/",
        code="giant",
        credits="5000",
        INR="2500",
        USD="",
        reason="For the generous",
    )
    assert answer.headers["HX-Redirect"] == f"{ADDRESS}/giant/change/", answer.content
    assert sold()["giant"] == {"code": "giant", "credits": 5000, "prices": {"INR": 250000}}
    assert list(sold()) == ["small", "medium", "large", "xlarge", "giant"]
    assert Buyer().intent(package="giant")["amount"] == 250000
    assert Buyer().begin(package="giant", currency="USD").status_code == 400
    assert AuditEntry.objects.filter(action="package.created").count() == 1


def test_programs_put_packages_on_offer_and_change_them() -> None:
    address = "/api/v1/staff/payments/packages"
    with time_machine.travel(clock.now(), tick=False) as time:
        api = staff_api("finance")
        wish = {"code": "giant", "credits": 5000, "prices": {"INR": 250000}, "reason": "More"}
        assert api.post(address, wish).status_code == 201
        assert api.post(address, wish).json()["code"] == "conflict"
        later = clock.to_rfc3339(clock.now() + timedelta(days=1))
        change = {"credits": 5500, "prices": {"INR": 240000}, "starts_at": later, "reason": "Less"}
        changed = api.patch(f"{address}/giant", change)
        assert changed.status_code == 200, changed.json()
        assert [one["amount"] for one in changed.json()["prices"]] == [240000, 250000]
        giant = {"code": "giant", "credits": 5500, "prices": {"INR": 250000}}
        assert sold()["giant"] == giant
        assert api.get(f"{address}/giant").json() == changed.json()
        assert [one["code"] for one in api.get(address).json()["results"]] == sorted(sold())
        assert api.patch(f"{address}/giant", {"offered": False, "reason": "Off"}).status_code == 200
        assert "giant" not in sold() and not api.get(f"{address}/giant").json()["offered"]
        for wrong in ({"prices": {"EUR": 1}}, {"credits": 0}, {"starts_at": "2026-01-01T00:00Z"}):
            assert api.patch(f"{address}/small", {"reason": "r", **wrong}).status_code == 400
        assert api.patch(f"{address}/none", {"reason": "r"}).status_code == 404
        for role, status in (("analyst", 200), ("moderator", 403)):
            other = staff_api(role)
            assert other.get(address).status_code == status
            assert other.patch(f"{address}/small", {"reason": "for me"}).status_code == 403
        time.shift(timedelta(minutes=11))
        late = api.patch(f"{address}/small", {"credits": 1, "reason": "r"})
        assert late.json()["code"] == "second_factor_required"
    assert AuditEntry.objects.filter(action="package.changed").count() == 2


@pytest.mark.parametrize("role", ["analyst", "support", "moderator"])
def test_who_may_not_act_changes_nothing(role: str) -> None:
    browser = staff_browser(role)
    values = {"credits": "1", "offered": "on", "INR": "1", "USD": "1", "reason": "for me"}
    assert dialog(browser, f"{ADDRESS}/small/change_package/", **values).status_code == 403
    assert dialog(browser, f"{ADDRESS}/new_package/", code="x", **values).status_code == 403
    assert sold()["small"]["credits"] == 50


def test_after_ten_minutes_the_second_factor_is_asked_for_again() -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        finance = staff_browser("finance")
        time.shift(timedelta(minutes=11))
        values = {"credits": "1", "offered": "on", "INR": "1", "USD": "1", "reason": "r"}
        answer = dialog(finance, f"{ADDRESS}/small/change_package/", **values)
        assert "/admin/second-factor/" in answer.headers["HX-Redirect"]
    assert sold()["small"]["credits"] == 50


def test_what_makes_no_sense_is_refused() -> None:
    now = clock.now()
    good: dict[str, Any] = {"actor_id": None, "credits": 5, "prices": {"INR": 1}, "reason": "r"}
    for wrong in (
        {"code": "Big"},
        {"code": ""},
        {"code": "x", "credits": 0},
        {"code": "x", "prices": {}},
        {"code": "x", "prices": {"EUR": 1}},
        {"code": "x", "prices": {"INR": 0}},
    ):
        with pytest.raises(ValidationFailed):
            create_package(**{**good, **wrong}, now=now)
    with pytest.raises(Conflict):
        create_package(**good, code="small", now=now)
    change = {**good, "offered": True, "now": now}
    with pytest.raises(NotFound):
        change_package(**change, code="x", starts_at=now)
    with pytest.raises(ValidationFailed):
        change_package(**change, code="small", starts_at=now - timedelta(seconds=1))
    assert Package.objects.count() == 4 and Price.objects.count() == 8
    same = {**change, "credits": 50, "prices": {"INR": 5000}}
    change_package(**same, code="small", starts_at=now)
    assert Price.objects.count() == 8 and not AuditEntry.objects.exists()


def test_amounts_are_written_and_read_as_people_do() -> None:
    assert format_amount(123456789, "INR") == "₹1,234,567.89"
    assert (format_amount(99, "USD"), format_amount(-99, "USD")) == ("$0.99", "-$0.99")
    assert (format_amount(1500, "JPY"), format_amount(1250, "KWD")) == ("¥1,500", "KD 1.250")
    assert (amount_text(150000, "INR"), amount_text(1500, "JPY")) == ("1500.00", "1500")
    assert (parse_amount("1500", "JPY", "x"), parse_amount("1.25", "KWD", "x")) == (1500, 1250)
    for currency, wrong in (("JPY", "1.5"), ("KWD", "1.255"), ("KWD", "0.001"), ("USD", "1e99999")):
        with pytest.raises(ValidationFailed):
            parse_amount(wrong, currency, "x")
    assert [parse_amount(text, "USD", "x") for text in ("0.99", " 50 ", "3.9", "1e2")] == [
        99,
        5000,
        390,
        10000,
    ]
    for wrong in ("", "0", "-1", "1.005", "free", "NaN", "Infinity", "1,5"):
        with pytest.raises(ValidationFailed):
            parse_amount(wrong, "USD", "x")
