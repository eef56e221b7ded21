"""How deliveries fare, by kind and channel."""

from collections import Counter, defaultdict
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from notifications.kinds import KINDS
from notifications.models import Delivery
from notifications.staff_selectors import STATISTICS_DAYS_MAX, statistics
from pairly.accounts.staff_admin import Page
from pairly.core import clock

__all__ = ["STATISTICS", "statistics_view"]

STATISTICS = Page(
    name="notification_statistics",
    title="Notification statistics",
    permission="notifications.view",
    area="Messaging",
    icon="query_stats",
)
DAYS = (1, STATISTICS_DAYS_MAX)


def statistics_view(request: HttpRequest) -> HttpResponse:
    days = next((one for one in DAYS if request.GET.get("days") == str(one)), DAYS[0])
    rows = statistics(days=days, now=clock.now())
    context = {
        **admin.site.each_context(request),
        "title": STATISTICS.title,
        "days": days,
        "choices": DAYS,
        "states": [state.label.partition(",")[0] for state in Delivery.State],
        "rows": _by_kind(rows),
        "reasons": _reasons(rows),
    }
    return TemplateResponse(request, "admin/notifications/statistics.html", context)


def _by_kind(rows: list[dict[str, Any]]) -> list[list[Any]]:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["kind"], row["channel"]][row["state"]] += row["count"]
    return [
        [_title(kind), channel, *(f"{of_state[state]:,}" for state in Delivery.State.values)]
        for (kind, channel), of_state in counts.items()
    ]


def _reasons(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    counts: Counter[str] = Counter()
    for row in rows:
        if row["reason"]:
            counts[row["reason"]] += row["count"]
    return [(Delivery.Reason(reason).label, f"{n:,}") for reason, n in counts.most_common()]


def _title(kind: str) -> str:
    return KINDS[kind].title if kind in KINDS else kind
