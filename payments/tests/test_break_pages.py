"""What staff do about breaks: on the staff site and by program, each with a trace."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pairly.alerts.models import Alert
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff, staff_api, staff_browser
from payments.gateways.mock_statement import alter_line, lose_line
from payments.models import Break, Reconciliation
from payments.tests.statements import line_of, trade
from payments.tests.test_packages import dialog
from payments.tests.test_reconciliation import run, start_and_end

pytestmark = pytest.mark.mongodb

ADDRESS = "/admin/payments/break"
ROUTE = "/api/v1/staff/reconciliation"


@pytest.fixture
def breaks() -> list[Break]:
    """One that is lost and one of another amount."""
    ids = trade("stripe", 4, *start_and_end())
    lose_line(line_of(ids[0]))
    alter_line(line_of(ids[1]), amount_minor=150)
    run()
    return list(Break.objects.order_by("kind"))


def test_finance_looks_after_a_break_until_it_is_settled(breaks: list[Break]) -> None:
    amount, missing = breaks
    finance = staff_browser("finance")
    listed = finance.get(f"{ADDRESS}/").content.decode()
    assert "Missing there" in listed and "the statement says $1.50, our books $1.99" in listed
    page = f"{ADDRESS}/{amount.pk}"
    shown = finance.get(f"{page}/change/").content.decode()
    assert "$1.50" in shown and "$1.99" in shown and f"purchase:{amount.intent_id}" in shown
    me = str(new_staff("finance").pk)
    answer = dialog(finance, f"{page}/assign/", owner=me, reason="Mine")
    assert answer.headers["HX-Redirect"] == f"{page}/change/", answer.content
    assert "finance@example.org" in finance.get(f"{ADDRESS}/").content.decode()
    dialog(finance, f"{page}/explain/", reason="They rounded")
    dialog(finance, f"{ADDRESS}/{missing.pk}/resolve/", reason="They sent it after all")
    assert not Alert.objects.filter(state="open").exists()
    states = dict(Break.objects.values_list("kind", "state"))
    assert states == {"amount": "explained", "missing_there": "resolved"}
    assert "They rounded" in finance.get(f"{page}/change/").content.decode()
    assert f"{page}/explain/" not in finance.get(f"{page}/change/").content.decode()
    again = run()
    assert (again.breaks_found, again.breaks_opened) == (2, 1)
    lost = Break.objects.get(pk=missing.pk)
    assert (lost.state, lost.note, lost.resolved_by_id) == ("open", "They sent it after all", None)
    done = [one.action for one in AuditEntry.objects.filter(target_type="break").order_by("id")]
    assert done == ["break.assigned", "break.explained", "break.resolved"]
    runs = finance.get("/admin/payments/reconciliation/").content.decode()
    assert "2 (1)" in runs and "2 (2)" in runs
    detail = finance.get(f"/admin/payments/reconciliation/{again.pk}/change/").content.decode()
    assert "difference -$0.49" in detail


def test_programs_do_the_same(breaks: list[Break]) -> None:
    amount, missing = breaks
    api = staff_api("finance")
    assert [one["state"] for one in api.get(f"{ROUTE}/runs").json()["results"]] == ["done"]
    assert api.get(f"{ROUTE}/runs", {"provider": "razorpay"}).json()["results"] == []
    totals = api.get(f"{ROUTE}/runs").json()["results"][0]["totals"]
    assert totals["USD"]["statement"] == totals["USD"]["ledger"] - 49
    found = api.get(f"{ROUTE}/breaks", {"kind": "amount"}).json()["results"]
    assert [one["id"] for one in found] == [str(amount.pk)]
    purchase = {"intent_id": str(missing.intent_id), "state": "open"}
    assert len(api.get(f"{ROUTE}/breaks", purchase).json()["results"]) == 1
    address = f"{ROUTE}/breaks/{amount.pk}"
    stranger = api.post(f"{address}/assign", {"owner_id": str(new_id()), "reason": "r"})
    assert stranger.json()["errors"][0]["field"] == "owner_id"
    support = {"owner_id": str(new_staff("support").pk), "reason": "r"}
    assert api.post(f"{address}/assign", support).status_code == 400
    mine = {"owner_id": str(new_staff("finance").pk), "reason": "r"}
    assert api.post(f"{address}/assign", mine).json()["owner_id"] == mine["owner_id"]
    assert api.post(f"{address}/assign", {"owner_id": None, "reason": "r"}).status_code == 200
    assert api.post(f"{address}/explain", {"reason": " "}).status_code == 400
    assert api.post(f"{address}/explain", {"reason": "r"}).json()["state"] == "explained"
    assert api.post(f"{address}/resolve", {"reason": "r"}).json()["state"] == "resolved"
    late = api.post(f"{address}/explain", {"reason": "r"})
    assert (late.status_code, late.json()["code"]) == (409, "break_not_open")
    assert api.get(address).json()["note"] == "r"
    assert api.post(f"{ROUTE}/breaks/{new_id()}/resolve", {"reason": "r"}).status_code == 404
    assert api.get(f"{ROUTE}/breaks", {"state": "odd"}).status_code == 400


def test_who_may_not_act_decides_nothing(breaks: list[Break]) -> None:
    address = f"{ADDRESS}/{breaks[0].pk}"
    for role, may_look in (("analyst", True), ("support", True), ("moderator", False)):
        browser, api = staff_browser(role), staff_api(role)
        assert browser.get(f"{ADDRESS}/").status_code == (200 if may_look else 403)
        assert browser.get(f"{address}/change/").status_code == (200 if may_look else 403)
        assert api.get(f"{ROUTE}/breaks").status_code == (200 if may_look else 403)
        for what in ("assign", "explain", "resolve"):
            assert dialog(browser, f"{address}/{what}/", reason="r").status_code == 403
            answer = api.post(f"{ROUTE}/breaks/{breaks[0].pk}/{what}", {"reason": "r"})
            assert answer.status_code == 403
    with time_machine.travel(clock.now(), tick=False) as time:
        finance = staff_api("finance")
        time.shift(timedelta(minutes=11))
        refused = finance.post(f"{ROUTE}/breaks/{breaks[0].pk}/resolve", {"reason": "r"})
        assert refused.json()["code"] == "second_factor_required"
    assert not Break.objects.exclude(state="open").exists()


def test_a_list_costs_the_same_however_many_breaks_have_owners() -> None:
    browser = staff_browser("finance")
    owner: Any = new_staff("finance").pk
    now = clock.now()
    done = Reconciliation.objects.create(
        provider="stripe", since=now, until=now, lease_until=now, started_at=now, state="done"
    )
    counts = []
    for number in range(0, 40, 20):
        Break.objects.bulk_create(
            Break(
                provider="stripe",
                kind="amount",
                subject=f"line:{one}",
                currency="INR",
                detail="differs",
                owner_id=owner,
                occurred_at=now,
                opened_at=now,
                seen_at=now,
                run_id=done.pk,
            )
            for one in range(number, number + 20)
        )
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"{ADDRESS}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
