"""Observations: what providers said, believed or not."""

from collections.abc import Iterable

from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_panels import Panel
from pairly.accounts.staff_rows import chip, moment
from payments.admin.filters import DayFilter
from payments.admin.rows import purchase_link
from payments.models import Observed

__all__ = ["ObservedAdmin", "history_panel"]

VERDICT_COLOURS = {"applied": "success", "set_aside": "danger", "ignored": ""}


def history_panel(history: Iterable[Observed]) -> Panel:
    """Everything that was observed of one purchase."""
    return Panel(
        title="What the provider said",
        icon="history",
        headers=(
            *("Noted (UTC)", "Provider's time", "Came by", "About", "Status", "Amount"),
            *("Verdict", "Because"),
        ),
        rows=[
            [
                moment(one.created_at),
                moment(one.observed_at),
                one.get_source_display(),
                one.get_about_display(),
                one.status,
                _money(one),
                _verdict(one),
                one.reason,
            ]
            for one in history
        ],
        empty="Nothing yet.",
        wide=True,
    )


def _money(one: Observed) -> str:
    """As the provider said it, in a currency that need not be one of ours."""
    return "–" if one.amount_minor is None else f"{one.amount_minor / 100:,.2f} {one.currency}"


def _verdict(one: Observed) -> str:
    return chip(one.get_verdict_display(), VERDICT_COLOURS[one.verdict])


class ObservedAdmin(ReadOnlyAdmin):
    """What providers said, newest first; what was set aside waits here for somebody to look."""

    area = "Money"
    icon = "visibility"
    view_permission = "payments.view"

    list_display = (
        "created_at",
        "purchase",
        "source",
        "about",
        "status",
        "money",
        "shown_verdict",
        "reason",
    )
    list_filter = (("verdict", ChoicesDropdownFilter), ("created_at", DayFilter))
    sortable_by = ()
    ordering = ("-id",)
    list_display_links = None

    @display(description="Purchase")
    def purchase(self, one: Observed) -> str:
        return purchase_link(one.intent_id)

    @display(description="Amount")
    def money(self, one: Observed) -> str:
        return _money(one)

    @display(description="Verdict")
    def shown_verdict(self, one: Observed) -> str:
        return _verdict(one)

    @display(description="Noted (UTC)")
    def noted(self, one: Observed) -> str:
        return moment(one.created_at)
