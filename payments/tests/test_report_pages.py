"""Reports as staff read them: on the staff site and by program, day by day."""

import csv
import io
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.ids import first_id_at
from pairly.staff.tests.people import staff_api, staff_browser
from payments import tasks
from payments.intents.states import Status
from payments.ledger.sealing import seal_waiting
from payments.models import CreditDay, Intent, IntentDay, Progress, RevenueDay
from payments.reconciliation.services import reconcile
from payments.reports.intents import count_intents, intents_of_day
from payments.reports.models import between
from payments.reports.rolling import roll_up_ledger
from payments.tests.people import make_people
from payments.tests.statements import trade
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb

DAY = timedelta(days=1)
numbers = itertools.count()
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROUTE = "/api/v1/staff/payments"


def counted() -> None:
    seal_waiting(clock.now())
    roll_up_ledger(clock.now())
    count_intents(clock.now(), days=5)


def reconciled(provider: str = "stripe") -> None:
    now = clock.now()
    run = reconcile(provider=provider, since=now - 5 * DAY, until=now, now=now)
    assert (run.state, run.breaks_found) == ("done", 0)


def test_revenue_by_day_provider_package_and_currency() -> None:
    with time_machine.travel(NOON, tick=False) as time:
        trade("stripe", 6, NOON - DAY, NOON - DAY)
        trade("razorpay", 1, NOON, NOON)
        counted()
        api, browser = staff_api("analyst"), staff_browser("finance")

        def asked(**query: Any) -> Any:
            return api.get(f"{ROUTE}/revenue", query).json()

        first = asked()
        # Six of Stripe: of each package one in each currency; small INR at Razorpay.
        assert [
            (one["currency"], one["purchases"], one["gross_minor"]) for one in first["totals"]
        ] == [
            ("INR", 4, 40_000),
            ("USD", 3, 697),
        ]
        newest = first["results"][0]
        assert (newest["day"], newest["provider"], newest["package"]) == (
            *("2026-03-10", "razorpay", "small"),
        )
        assert len(first["results"]) == 7
        assert asked(provider="stripe", currency="INR")["totals"] == [
            {
                **{"currency": "INR", "purchases": 3, "gross_minor": 35_000},
                **{"refunds_minor": 0, "disputes_minor": 0, "fees_minor": 0, "net_minor": 35_000},
            }
        ]
        assert asked(package="large", first="2026-03-10")["results"] == []
        # Nobody knows yet what the providers kept.
        assert first["complete_before"] == "1970-01-01"
        page = browser.get("/admin/revenue/").content.decode()
        assert "₹400.00" in page and "incomplete" in page and "data-value" in page

        reconciled("stripe")
        reconciled("razorpay")
        counted()
        known = asked(provider="stripe", currency="INR")
        (total,) = known["totals"]
        assert (total["fees_minor"], total["net_minor"]) == (1050, 33_950)
        assert {one["day"] for one in known["results"]} == {"2026-03-09"}
        # Yesterday is over; today is not, nor is it ten minutes after midnight.
        assert known["complete_before"] == "2026-03-10"
        time.move_to(NOON.replace(hour=0) + DAY + timedelta(minutes=9))
        reconciled("stripe")
        reconciled("razorpay")
        counted()
        assert asked()["complete_before"] == "2026-03-10"
        time.shift(timedelta(minutes=2))
        counted()
        assert asked()["complete_before"] == "2026-03-11"
        assert asked(first="2026-03-09", last="2026-03-09")["results"][0]["day"] == "2026-03-09"


def test_credits_owed_at_each_days_end() -> None:
    with time_machine.travel(NOON, tick=False):
        with time_machine.travel(NOON - 2 * DAY, tick=False):
            make_people(1, credits=30)
        trade("stripe", 2, NOON, NOON)
        counted()
        found = staff_api("support").get(f"{ROUTE}/liability", {"first": "2026-03-07"}).json()
        page = staff_browser("analyst").get("/admin/liability/").content.decode()
    nothing = {"earnings": 0, "debt": 0, "held": 0, "asset": "CREDIT"}
    assert found["now"] == [{"paid": 170, "bonus": 30, **nothing}]
    assert found["through"] == clock.to_rfc3339(NOON)
    assert [(one["day"], one["paid"], one["bonus"]) for one in found["results"]] == [
        ("2026-03-10", 170, 30),
        ("2026-03-09", 0, 30),
        ("2026-03-08", 0, 30),
        ("2026-03-07", 0, 0),
    ]
    assert "At the end of each day" in page


def begun(
    at: datetime, count: int, user_id: UUID, status: str, code: str = "", **more: Any
) -> None:
    Intent.objects.bulk_create(
        Intent(
            id=UUID(int=first_id_at(at).int + next(numbers)),
            user_id=user_id,
            package_id="small",
            credits=50,
            amount_minor=5000,
            currency="INR",
            status=status,
            failure_code=code,
            expires_at=at,
            created_at=at,
            **{"provider": "stripe", **more},
        )
        for _number in range(count)
    )


def test_how_purchases_fare_counts_what_happens_later_too() -> None:
    with time_machine.travel(NOON, tick=False):
        (ava,) = make_people(1)
        begun(NOON, 3, ava, "succeeded")
        begun(NOON, 1, ava, "refunded")
        begun(NOON, 2, ava, "failed", "card_declined")
        begun(NOON, 1, ava, "expired", "card_declined")
        begun(NOON - DAY, 4, ava, "succeeded", provider="razorpay")
        begun(NOON - DAY, 1, ava, "canceled")
        counted()
        api = staff_api("analyst")
        found = api.get(f"{ROUTE}/statistics", {"first": "2026-03-08"}).json()
        assert (found["begun"], found["paid"]) == (12, 8)
        assert found["statuses"] == {
            **{"succeeded": 7, "failed": 2, "expired": 1, "refunded": 1, "canceled": 1}
        }
        assert found["declines"] == {"card_declined": 3}
        assert found["results"] == [
            {"day": "2026-03-10", "begun": 7, "paid": 4, "conversion": 57.1},
            {"day": "2026-03-09", "begun": 5, "paid": 4, "conversion": 80.0},
            {"day": "2026-03-08", "begun": 0, "paid": 0, "conversion": None},
        ]
        assert [one["provider"] for one in found["providers"]] == ["razorpay", "stripe"]
        of_one = api.get(f"{ROUTE}/statistics", {"provider": "razorpay"}).json()
        assert (of_one["begun"], of_one["paid"]) == (4, 4)

        Intent.objects.filter(status="expired").update(status="succeeded", failure_code="")
        counted()
        again = api.get(f"{ROUTE}/statistics").json()
        assert (again["paid"], again["declines"]) == (9, {"card_declined": 2})
        page = staff_browser("finance").get("/admin/statistics/").content.decode()
        assert "card_declined" in page and "75.0 %" in page


def test_reports_are_taken_away_as_files_and_that_is_noted() -> None:
    with time_machine.travel(NOON, tick=False):
        trade("stripe", 2, NOON, NOON)
        counted()
        (ava,) = make_people(1)
        begun(NOON, 1, ava, "failed", "=1+1")
        count_intents(clock.now())
        finance, browser = staff_api("finance"), staff_browser("finance")

        def rows(answer: Any) -> list[dict[str, str]]:
            assert answer.status_code == 200, answer
            assert "attachment" in answer.headers["Content-Disposition"]
            text = b"".join(answer.streaming_content).decode()
            return list(csv.DictReader(io.StringIO(text)))

        revenue = rows(finance.get(f"{ROUTE}/revenue/export"))
        assert [(one["day"], one["package"], one["gross_minor"]) for one in revenue] == [
            ("2026-03-10", "medium", "199"),
            ("2026-03-10", "small", "5000"),
        ]
        assert rows(browser.get("/admin/revenue/", {"format": "csv"})) == revenue
        narrowed = {"currency": "INR", "first": "2026-03-10"}
        assert len(rows(finance.get(f"{ROUTE}/revenue/export", narrowed))) == 1
        owed = rows(browser.get("/admin/liability/", {"format": "csv", "first": "2026-03-09"}))
        assert [(one["day"], one["paid"]) for one in owed] == [
            *(("2026-03-09", "0"), ("2026-03-10", "170")),
        ]
        fared = rows(finance.get(f"{ROUTE}/statistics/export"))
        assert {one["failure_code"] for one in fared} == {"'=1+1"}
        lines: Any = finance.get(f"{ROUTE}/liability/export", {"format": "ndjson"})
        assert b'"paid":170' in b"".join(lines.streaming_content)
        entries = AuditEntry.objects.filter(action="report.exported").order_by("id")
        assert [one.target_id for one in entries] == [
            *("revenue", "revenue", "revenue", "liability", "statistics", "liability"),
        ]
        assert '"currency":"INR","first":"2026-03-10"' in entries[2].after
        analyst, page = staff_api("analyst"), staff_browser("analyst")
        assert analyst.get(f"{ROUTE}/revenue/export").status_code == 403
        assert page.get("/admin/revenue/", {"format": "csv"}).status_code == 403
        assert "Download" not in page.get("/admin/revenue/").content.decode()
        assert "Download" in browser.get("/admin/revenue/").content.decode()
        assert entries.count() == 6


@pytest.mark.parametrize("page", ["revenue", "liability", "statistics"])
def test_days_that_make_no_sense_are_refused(page: str) -> None:
    api, browser = staff_api("analyst"), staff_browser("analyst")
    for wrong in (
        {"first": "2026-03-10", "last": "2026-03-09"},
        {"first": "2020-01-01", "last": "2026-03-09"},
        {"first": "yesterday"},
        {"first": "9999-12-30", "last": "9999-12-31"},
        {"first": "0001-01-01", "last": "0001-01-05"},
    ):
        assert api.get(f"{ROUTE}/{page}", wrong).status_code == 400
        shown = browser.get(f"/admin/{page}/", wrong)
        assert shown.status_code == 200
        said = shown.content.decode()
        said_so = ("Enter a valid date", "1 to 400 days", "nothing of such days")
        assert any(words in said for words in said_so)
    moderator = staff_api("moderator")
    assert moderator.get(f"{ROUTE}/{page}").status_code == 403
    assert staff_browser("moderator").get(f"/admin/{page}/").status_code == 403


def test_a_page_reads_day_rows_alone_however_much_was_traded() -> None:
    browser = staff_browser("finance")
    now = clock.now()
    queries = []
    for count in (2, 300):
        trade("stripe", count, now - timedelta(hours=1), now)
        counted()
        for page in ("revenue", "liability", "statistics"):
            with CaptureQueriesContext(connection) as captured:
                assert browser.get(f"/admin/{page}/").status_code == 200
            read = " ".join(one["sql"] for one in captured)
            assert "payments_transfer" not in read and "payments_intent" not in read.replace(
                "payments_intentday", ""
            )
            queries.append(len(captured))
    assert queries[:3] == queries[3:]


def test_days_are_ranges_of_keys() -> None:
    now = clock.now()
    today = now.astimezone(UTC).date()
    RevenueDay.objects.bulk_create(
        RevenueDay(
            id=f"{day}:stripe:small:INR",
            day=day,
            provider="stripe",
            package="small",
            currency="INR",
        )
        for day in (today - n * DAY for n in range(100))
    )
    CreditDay.objects.bulk_create(
        CreditDay(id=f"{day}:CREDIT:paid", day=day, asset="CREDIT", pocket="paid")
        for day in (today - n * DAY for n in range(100))
    )
    (ava,) = make_people(1)
    for ago in range(100):
        begun(now - ago * DAY, 1, ava, Status.FAILED)
    assert_uses_index(between(RevenueDay, today - DAY, today).order_by("-id"))
    assert_uses_index(CreditDay.objects.filter(pk__gte=f"{today - DAY}").order_by("-id"))
    assert_uses_index(intents_of_day(today))
    assert between(RevenueDay, today - DAY, today).count() == 2
    assert intents_of_day(today - DAY).count() == 1


def test_jobs_count_by_the_clock() -> None:
    trade("stripe", 4, clock.now(), clock.now())
    tasks.seal_ledger()
    assert tasks.roll_up_reports() == 8 and tasks.roll_up_reports() == 0
    assert tasks.count_recent_intents() == 2
    assert sum(IntentDay.objects.values_list("count", flat=True)) == 4
    assert tasks.recount_intents() == 120
    assert sum(IntentDay.objects.values_list("count", flat=True)) == 4
    assert Progress.objects.count() == 2
