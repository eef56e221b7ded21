"""What messages and calls cost: set by staff ahead of time, counted to the millisecond."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import ValidationFailed
from pairly.staff.tests.people import staff_api, staff_browser
from payments.models import CreditPrice
from payments.pricing import price_list
from payments.pricing.price_list import READ_AGAIN, call_rate, message_price
from payments.pricing.selectors import started_price, upcoming_prices
from payments.pricing.services import change_prices
from payments.tests.buyers import Buyer
from payments.tests.test_packages import dialog
from tests.explain import assert_uses_index
from tests.sizes import examples

ADDRESS = "/admin/payments/creditprice"
MILLISECOND = timedelta(milliseconds=1)
LEAD = timedelta(seconds=600)
LEAD_LOWEST = timedelta(seconds=120)


def change(**values: Any) -> list[CreditPrice]:
    wish: dict[str, Any] = {"messages": {}, "calls": {}, "starts_at": None, "reason": "r"}
    return change_prices(actor_id=None, **{**wish, **values})


def prices() -> Any:
    shown = APIClient().get("/api/v1/prices").json()
    assert APIClient().get("/api/v1/config").json()["prices"] == shown
    return shown


def form(**changes: Any) -> dict[str, str]:
    return {"reason": "Costs went up", **changes}


def as_shown(browser: Any, address: str) -> dict[str, str]:
    """The fields of a dialog that have something in them when it opens."""
    page = browser.get(address).content.decode()
    return dict(re.findall(r'name="([\w.]+)" value="([^"]+)"', page))


@pytest.mark.mongodb
def test_a_price_counts_from_the_millisecond_of_its_start() -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        ava, ben = Buyer(), Buyer()
        opened = ava.api.post("/api/v1/conversations", {"user_id": ben.id}).json()

        def sent() -> int:
            """What a message cost, as it says itself and as the wallet says."""
            before = ava.available
            body = {"client_id": str(uuid4()), "kind": "text", "text": "hello"}
            answer = ava.api.post(f"/api/v1/conversations/{opened['id']}/messages", body)
            assert answer.json()["price"] == before - ava.available
            return before - ava.available

        assert sent() == 1
        assert prices()["next"] is None
        finance = staff_browser("finance")
        page = finance.get(f"{ADDRESS}/change_prices/").content.decode()
        assert "Video call, a minute" in page and "Now 10." in page
        answer = dialog(
            finance, f"{ADDRESS}/change_prices/", **form(**{"messages.text": "4", "calls.video": 0})
        )
        assert answer.headers["HX-Redirect"] == f"{ADDRESS}/", answer.content
        start = clock.now() + LEAD
        shown = prices()
        assert (shown["messages"]["text"], shown["calls"]) == (1, {"audio": 5, "video": 10})
        assert shown["next"]["starts_at"] == clock.to_rfc3339(start)
        assert shown["next"]["messages"] == {**shown["messages"], "text": 4}
        assert shown["next"]["calls"] == {"audio": 5, "video": 0}
        assert "1 → 4" in finance.get(f"{ADDRESS}/").content.decode()

        time.move_to(start - MILLISECOND)
        assert sent() == 1
        time.move_to(start)
        assert sent() == 4
        assert call_rate("video", start) == 0 and call_rate("audio", start) == 5
        after = prices()
        assert (after["messages"]["text"], after["next"]) == (4, None)
    (entry,) = AuditEntry.objects.filter(action="prices.changed")
    assert (entry.reason, entry.target_id) == ("Costs went up", clock.to_rfc3339(start))
    assert entry.before == '{"call video":10,"message text":1}'
    assert entry.after == '{"call video":0,"message text":4}'
    assert CreditPrice.objects.count() == 2


@pytest.mark.mongodb
def test_programs_set_prices_too_and_what_makes_no_sense_is_refused() -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        api = staff_api("finance")
        address = "/api/v1/staff/payments/prices"
        soon = clock.now() + LEAD
        for wrong, code in (
            ({"messages": {"text": 2}, "starts_at": soon - MILLISECOND}, "too_soon"),
            ({"messages": {"smell": 2}}, "invalid_choice"),
            ({"calls": {"text": 2}}, "invalid_choice"),
            ({"messages": {"text": -1}}, "min_value"),
            ({"messages": {"text": 100_001}}, "invalid"),
        ):
            refused = api.post(address, {"reason": "r", **wrong})
            assert refused.status_code == 400, wrong
            assert refused.json()["errors"][0]["code"] == code, refused.json()
        assert not CreditPrice.objects.exists()

        wish = {"messages": {"text": 2, "file": 2}, "calls": {"audio": 6}, "reason": "r"}
        first = api.post(address, {**wish, "starts_at": soon + LEAD}).json()
        assert first["next"]["messages"]["text"] == 2 and first["messages"]["text"] == 1
        api.post(address, {**wish, "starts_at": soon + LEAD})
        listed = api.get(address).json()["results"]
        assert [(one["item"], one["media"]) for one in listed] == [
            *(("call", "audio"), ("message", "text"))
        ]
        # Thought better of: of two that start together the later one counts.
        corrected = {"messages": {"text": 3}, "starts_at": soon + LEAD, "reason": "r"}
        assert api.post(address, corrected).json()["next"]["messages"]["text"] == 3
        time.shift(2 * LEAD)
        assert prices()["messages"]["text"] == 3 and prices()["calls"]["audio"] == 6
        assert AuditEntry.objects.filter(action="prices.changed").count() == 2


def test_a_price_that_is_left_alone_stays_as_it_is_yet_to_be() -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        address = f"{ADDRESS}/change_prices/"
        change(messages={"text": 2}, starts_at=clock.now() + LEAD)
        finance = staff_browser("finance")
        written = {**as_shown(finance, address), **form(**{"calls.audio": "7"})}
        time.shift(timedelta(seconds=1))  # So it starts after the other one.
        assert "HX-Redirect" in dialog(finance, address, **written).headers
        time.shift(LEAD)
        assert (prices()["messages"]["text"], prices()["calls"]["audio"]) == (2, 7)


def test_who_may_not_act_sets_no_price() -> None:
    wish = {"messages": {"text": 2}, "reason": "for me"}
    for role, may_look in (("analyst", True), ("support", True), ("moderator", False)):
        api, browser = staff_api(role), staff_browser(role)
        assert api.post("/api/v1/staff/payments/prices", wish).status_code == 403
        looked = api.get("/api/v1/staff/payments/prices").status_code
        assert looked == (200 if may_look else 403)
        assert dialog(browser, f"{ADDRESS}/change_prices/", **form()).status_code == 403
    with time_machine.travel(clock.now(), tick=False) as time:
        api = staff_api("finance")
        time.shift(timedelta(minutes=11))
        refused = api.post("/api/v1/staff/payments/prices", wish)
        assert refused.json()["code"] == "second_factor_required"
    assert not CreditPrice.objects.exists()


def test_a_message_asks_the_database_for_no_price() -> None:
    now = clock.now()
    message_price("text", now)
    with CaptureQueriesContext(connection) as queries:
        for seconds in range(30):
            message_price("text", now + timedelta(seconds=seconds))
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        message_price("text", now + READ_AGAIN)
    assert 0 < len(queries) <= 10


@hypothesis_settings(max_examples=examples(small=60, ci=300, torture=3000), deadline=None)
@given(
    commit_ms=st.integers(0, 90_000),
    read_before_ms=st.integers(1, 40_000),
    asked_ms=st.lists(st.integers(0, 200_000), min_size=1, max_size=8),
)
def test_a_process_that_read_just_before_the_commit_is_not_behind_at_the_start(
    commit_ms: int, read_before_ms: int, asked_ms: list[int]
) -> None:
    """The lowest lead allowed, a commit that takes its time, and a process that asks at any
    moments: from the start on it charges the new price, and never before."""
    begun = datetime.fromisoformat("2026-01-31T12:00:00Z")
    visible, start = begun + commit_ms * MILLISECOND, begun + LEAD_LOWEST
    asks = [visible - read_before_ms * MILLISECOND, *(begun + n * MILLISECOND for n in asked_ms)]
    now = begun

    def prices_at(moment: datetime) -> dict[tuple[str, str], int]:
        return {("message", "text"): 7} if visible <= now and start <= moment else {}

    def next_start(moment: datetime) -> datetime | None:
        return start if visible <= now and moment < start else None

    price_list.forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(price_list, "prices_at", prices_at)
        patch.setattr(price_list, "next_start", next_start)
        for now in sorted(asks):
            assert message_price("text", now) == (7 if now >= start else 1)
    price_list.forget()


def test_the_lead_counts_from_the_commit_that_stands() -> None:
    """A block that is run again, later, checks its start again."""
    now = clock.now()
    with time_machine.travel(now, tick=False) as time:
        change(messages={"text": 2}, starts_at=now + LEAD)
        time.shift(MILLISECOND)
        with pytest.raises(ValidationFailed):
            change(messages={"text": 3}, starts_at=now + LEAD)


@pytest.mark.mongodb
def test_prices_are_found_by_an_index() -> None:
    now = clock.now()
    for number in range(120):
        CreditPrice(
            item="message" if number % 2 else "call",
            media=("text", "audio", "video")[number % 3],
            credits=number,
            starts_at=now + timedelta(minutes=number - 60),
            created_at=now,
        ).save()
    assert_uses_index(started_price("message", "text", now), documents_max=3)
    assert_uses_index(upcoming_prices(now), documents_max=3)
    assert_uses_index(CreditPrice.objects.order_by("-id")[:10], documents_max=12)
