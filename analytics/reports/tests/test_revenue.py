"""Revenue out of events comes to what the ledger says."""

from collections import Counter

import pytest

from analytics.reports.asking import asked_of
from analytics.reports.selectors import run
from analytics.reports.serializers import fields_of
from pairly.core import clock
from pairly.core.days import days_asked
from pairly.outbox.dispatch import dispatch_all
from payments.reports.rolling import catch_up
from payments.reports.selectors import revenue_rows, revenue_totals
from payments.tests.buyers import Buyer
from payments.tests.desk import Desk, bought

pytestmark = pytest.mark.mongodb


def test_revenue_out_of_events_is_what_the_ledger_says() -> None:
    ava, ben, desk = Buyer(), Buyer(), Desk()
    first = bought(ava)
    bought(ava, package="large")
    bought(ben, package="medium", currency="USD")
    desk.refunded(first, 2000)
    desk.refunded(first)
    dispatch_all()
    catch_up()
    now = clock.now()
    rows = run(asked_of("revenue", fields_of("revenue", {}), now)).rows
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for name in ("purchases", "gross_minor", "refunds_minor"):
            sums[row["currency"], name] += row[name]
    told = revenue_totals(revenue_rows(days_asked(None, None, now)))
    assert sums == {
        (one["currency"], name): one[name]
        for one in told
        for name in ("purchases", "gross_minor", "refunds_minor")
    }
    assert sums["INR", "refunds_minor"] == 5000 and sums["USD", "purchases"] == 1
