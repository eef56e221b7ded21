"""How purchases, refunds and disputes look in the tables of the staff site."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html

from pairly.accounts.staff_panels import Panel
from pairly.accounts.staff_rows import chip, moment
from payments.currencies import format_amount
from payments.finances import finances_of
from payments.models import Dispute, Intent, Refund

__all__ = [
    "dispute_chip",
    "finances_panels",
    "purchase_link",
    "refund_chip",
    "reversal_panels",
    "status_chip",
]

ROWS = 10

STATUS_COLOURS = {
    "succeeded": "success",
    "failed": "danger",
    "expired": "warning",
    "canceled": "warning",
    "unknown": "danger",
    "processing": "info",
    "requires_action": "info",
    "partially_refunded": "info",
    "refunded": "info",
    "disputed": "danger",
    "dispute_won": "success",
    "dispute_lost": "danger",
}
REFUND_COLOURS = {
    "requested": "warning",
    "unknown": "danger",
    "pending": "info",
    "succeeded": "success",
    "failed": "danger",
    "rejected": "",
}
DISPUTE_COLOURS = {"opened": "warning", "won": "success", "lost": "danger"}


def status_chip(intent: Intent) -> str:
    return chip(intent.get_status_display(), STATUS_COLOURS.get(intent.status, ""))


def refund_chip(refund: Refund) -> str:
    return chip(refund.get_state_display(), REFUND_COLOURS[refund.state])


def dispute_chip(dispute: Dispute) -> str:
    return chip(dispute.get_state_display(), DISPUTE_COLOURS[dispute.state])


def purchase_link(intent_id: UUID, text: str = "") -> str:
    return _link("intent", intent_id, text or str(intent_id))


def reversal_panels(
    refunds: Sequence[Refund], disputes: Sequence[Dispute], *, user_id: UUID | None = None
) -> list[Panel]:
    """Only those that have anything in them; with a person's id they lead to all of theirs."""
    of_refunds = _list("refund", user_id) if user_id else ""
    of_disputes = _list("dispute", user_id) if user_id else ""
    return [
        *([_refunds(refunds, of_refunds)] if refunds else []),
        *([_disputes(disputes, of_disputes)] if disputes else []),
    ]


def _refunds(refunds: Sequence[Refund], more: str) -> Panel:
    return Panel(
        title="Refunds",
        icon="undo",
        headers=("Asked for (UTC)", "Amount", "Credits", "State", "Reason"),
        rows=[
            [
                _link("refund", one.pk, moment(one.created_at)),
                format_amount(one.amount_minor, one.intent.currency),
                f"{one.credits:,}",
                refund_chip(one),
                one.reason,
            ]
            for one in refunds
        ],
        more=more,
        more_text="All refunds",
        wide=True,
    )


def _disputes(disputes: Sequence[Dispute], more: str) -> Panel:
    return Panel(
        title="Disputes",
        icon="gavel",
        headers=("Heard of (UTC)", "Amount", "Credits", "State", "Reason"),
        rows=[
            [
                _link("dispute", one.pk, moment(one.created_at)),
                format_amount(one.amount_minor, one.intent.currency),
                f"{one.credits:,}",
                dispute_chip(one),
                one.reason,
            ]
            for one in disputes
        ],
        more=more,
        more_text="All disputes",
        wide=True,
    )


def finances_panels(user_id: UUID) -> list[Panel]:
    """For the page of a person: purchases with their totals, refunds and disputes."""
    found = finances_of(user_id, limit=ROWS)
    return [
        _purchases(user_id, found.purchases, [_total(one) for one in found.totals]),
        *reversal_panels(found.refunds, found.disputes, user_id=user_id),
    ]


def _purchases(user_id: UUID, purchases: list[Intent], totals: list[tuple[str, str]]) -> Panel:
    return Panel(
        title="Purchases",
        icon="shopping_cart",
        facts=totals,
        headers=("Begun (UTC)", "Package", "Credits", "Amount", "Refunded", "Provider", "Status"),
        rows=[
            [
                purchase_link(one.pk, moment(one.created_at)),
                one.package_id,
                f"{one.credits:,}",
                format_amount(one.amount_minor, one.currency),
                format_amount(one.refunded_minor, one.currency) if one.refunded_minor else "",
                one.provider,
                status_chip(one),
            ]
            for one in purchases
        ],
        empty="Nothing was bought.",
        more=_list("intent", user_id) if purchases else "",
        more_text="All purchases",
        wide=True,
    )


def _total(total: Any) -> tuple[str, str]:
    parts = [f"{format_amount(total.paid_minor, total.currency)} paid"]
    for amount, what in ((total.refunded_minor, "refunded"), (total.lost_minor, "lost")):
        if amount:
            parts.append(f"{format_amount(amount, total.currency)} {what}")
    return f"Total in {total.currency}", ", ".join(parts)


def _link(name: str, known: UUID, text: str) -> str:
    address = reverse(f"admin:payments_{name}_change", args=[known])
    return format_html('<a class="staff-link" href="{}">{}</a>', address, text)


def _list(name: str, user_id: UUID) -> str:
    return f"{reverse(f'admin:payments_{name}_changelist')}?q={user_id}"
