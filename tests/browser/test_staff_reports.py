"""Revenue, breaks and prices as finance and others meet them in a browser."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pairly.core import clock
from tests.browser.test_staff_alerts import enter, shell
from tests.browser.test_staff_people import do
from tests.browser.test_staff_site import OpenSite, hire, open_site
from tests.clients import Person
from tests.servers import RunningServer

pytestmark = pytest.mark.ci

__all__ = ["hire", "open_site"]

TRADE = """
from datetime import timedelta
from pairly.core import clock
from payments.gateways.mock_statement import alter_line, lose_line
from payments.tasks import roll_up_reports, seal_ledger
from payments.tests.statements import line_of, trade
from payments.reconciliation.services import reconcile
now = clock.now()
ids = trade("stripe", 6, now - timedelta(days=2), now - timedelta(days=1))
seal_ledger()
roll_up_reports()
alter_line(line_of(ids[0]), amount_minor=5100)
lose_line(line_of(ids[1]))
window = {"since": now - timedelta(days=5), "until": now - timedelta(hours=1)}
reconcile(provider="stripe", now=now, **window)
"""
PAINTED = """() => {
    const canvas = document.querySelector("canvas.chart");
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    return context.getImageData(0, 0, copy.width, copy.height).data.some(value => value !== 0);
}"""


@pytest.fixture
def trade(server: RunningServer) -> None:
    shell(server, TRADE)


@pytest.mark.usefixtures("trade")
def test_finance_reads_what_was_earned_and_settles_what_differs(
    open_site: OpenSite, hire: Callable[[str], Person], server: RunningServer, tmp_path: Path
) -> None:
    finance, moderator = hire("finance"), hire("moderator")
    site, other = open_site(), open_site()
    enter(server, site, finance)
    site.find("#nav-sidebar-apps").get_by_role("link", name="Revenue").click()
    expect(site.find("h1")).to_have_text("Revenue")
    # What other stories buy on this server, they buy today.
    yesterday = clock.now().date() - timedelta(days=1)
    site.page.get_by_label("To", exact=True).fill(yesterday.isoformat())
    site.page.get_by_role("button", name="Show").click()
    expect(site.find(".staff-card", "All these days")).to_contain_text("₹350.00")
    expect(site.find("canvas.chart").first).to_be_visible()
    site.page.wait_for_function(PAINTED)  # drawn a moment later
    site.page.get_by_label("Currency").select_option("USD")
    site.page.get_by_role("button", name="Show").click()
    expect(site.find(".staff-card", "All these days")).not_to_contain_text("₹")
    with site.page.expect_download() as loading:
        site.page.get_by_role("button", name="Download CSV").click()
    loading.value.save_as(tmp_path / "revenue.csv")
    header, *rows = (tmp_path / "revenue.csv").read_text().splitlines()
    assert header.startswith("day,provider,package,currency") and len(rows) == 3

    site.find("#nav-sidebar-apps").get_by_role("link", name="Breaks").click()
    expect(site.find("#result_list tbody tr")).to_have_count(2)
    site.find("#result_list tr", "the statement says ₹51.00").get_by_role("link").first.click()
    do(site, "Explain", "Explain", Reason="They rounded up")
    expect(site.find("#main")).to_contain_text("They rounded up")
    site.find("#nav-sidebar-apps").get_by_role("link", name="Breaks").click()
    expect(site.find("#result_list tbody tr")).to_have_count(1)

    site.find("#nav-sidebar-apps").get_by_role("link", name="Message and call prices").click()
    do(site, "Change prices", "Change", **{"Text message": "3", "Reason": "Costs went up"})
    expect(site.find(".staff-facts")).to_contain_text("1 → 3")

    enter(server, other, moderator)
    expect(other.find("#nav-sidebar-apps")).not_to_contain_text("Revenue")
    for address in ("revenue", "liability", "statistics", "payments/break", "payments/creditprice"):
        other.network_may_fail = True
        answer = other.page.goto(f"{other.url}/admin/{address}/")
        assert answer is not None and answer.status == 403
