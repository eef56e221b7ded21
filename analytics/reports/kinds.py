"""The kinds of reports: each a function that reads rows, the columns of these, and which days it
looks at. Routes, pages and exports go by this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from analytics.reports import activity, cohorts, features, funnels, quality, revenue
from analytics.reports.spans import ONE_DAY, Span, period_of, shift
from analytics.reports.sql import Connection, Json

__all__ = ["KINDS", "Kind", "Options"]

Options = Mapping[str, Any]
"""The arguments of the function that reads, but for connection and span."""

Reads = Callable[[Span, Options], Span]
EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``reads`` widens the span to all days whose events matter. ``read`` looks at them, and
    ``tell`` makes rows of what it found, where that is none yet; so kinds that read alike look
    once."""

    name: str
    title: str
    read: Callable[..., Any]
    tell: Callable[..., list[Json]] | None = None
    columns: tuple[str, ...]
    reads: Reads

    def rows(self, connection: Connection, span: Span, options: Options) -> list[Json]:
        return self.told(self.read(connection, span, **options), span, options)

    def told(self, found: Any, span: Span, options: Options) -> list[Json]:
        return self.tell(found, span, **options) if self.tell else found


def _window_before(span: Span, options: Options) -> Span:
    return span.moved(span.first - (activity.MONTH_DAYS - 1) * ONE_DAY, span.last)


def _period_before(span: Span, options: Options) -> Span:
    interval = options["interval"]
    first = shift(period_of(span.first, interval), interval, -1)
    return span.moved(first, span.whole(interval).last)


def _periods(span: Span, options: Options) -> Span:
    return span.whole(options["interval"])


def _until_today(span: Span, options: Options) -> Span:
    """The first ever of an event is looked for among all that are kept."""
    asked = options["asked"]
    whole = span.whole(asked.cohort)
    return span.moved(EPOCH if asked.start else whole.first, max(whole.last, span.today))


def _lifetimes(span: Span, options: Options) -> Span:
    whole = span.whole(options["cohort"])
    return span.moved(whole.first, max(whole.last, span.today))


def _window_after(span: Span, options: Options) -> Span:
    until = funnels.funnel_until(span, options["asked"])
    return span.moved(span.first, until.astimezone(span.zone).date())


def _activation_after(span: Span, options: Options) -> Span:
    whole = span.whole(options["interval"])
    return span.moved(whole.first, whole.last + timedelta(days=features.ACTIVATION_DAYS))


def _same(span: Span, options: Options) -> Span:
    return span


PERIOD: Final = ("period",)
RETAINED: Final = ("size", "retained", "rate", "complete")
KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            name="active-users",
            title="Active people",
            read=activity.active_users,
            columns=("day", "dau", "wau", "mau", "stickiness", "complete"),
            reads=_window_before,
        ),
        Kind(
            name="growth",
            title="Growth",
            read=activity.counts_by_period,
            tell=activity.growth,
            columns=(
                *PERIOD,
                *("active", "new", "returning", "resurrected", "dormant", "complete"),
            ),
            reads=_period_before,
        ),
        Kind(
            name="churn",
            title="Churn",
            read=activity.counts_by_period,
            tell=activity.churn,
            columns=(*PERIOD, "base", "churned", "rate", "complete"),
            reads=_period_before,
        ),
        Kind(
            name="retention",
            title="Retention",
            read=cohorts.cohorts,
            tell=cohorts.retention,
            columns=("value", "n", *RETAINED),
            reads=_until_today,
        ),
        Kind(
            name="cohorts",
            title="Cohorts",
            read=cohorts.cohorts,
            columns=("cohort", "value", "n", *RETAINED),
            reads=_until_today,
        ),
        Kind(
            name="funnels",
            title="Funnel",
            read=funnels.funnel,
            columns=(
                *("value", "step", "event", "people", "dropped", "waiting"),
                *("rate_from_first", "rate_from_previous", "median_seconds", "p90_seconds"),
            ),
            reads=_window_after,
        ),
        Kind(
            name="features",
            title="Features",
            read=features.features,
            columns=("feature", "events", "users", "share", "events_per_user", "complete"),
            reads=_same,
        ),
        Kind(
            name="acquisition",
            title="Acquisition",
            read=features.acquisition,
            columns=(
                *PERIOD,
                *("value", "registered", "activated", "activation_rate", "complete"),
            ),
            reads=_activation_after,
        ),
        Kind(
            name="messaging",
            title="Messaging",
            read=quality.messaging,
            columns=(
                *PERIOD,
                *("messages", "senders", "messages_per_sender", "conversations", "complete"),
            ),
            reads=_periods,
        ),
        Kind(
            name="calling",
            title="Calling",
            read=quality.calling,
            columns=(
                *PERIOD,
                *("calls", "connected", "connect_rate", "broken", "broken_rate"),
                *("median_seconds", "p90_seconds", *quality.GRADES, "complete"),
            ),
            reads=_periods,
        ),
        Kind(
            name="revenue",
            title="Revenue",
            read=revenue.revenue,
            columns=(
                *PERIOD,
                *("currency", "purchases", "payers", "active", "gross_minor", "refunds_minor"),
                *("net_minor", "arpu_minor", "arppu_minor", "conversion", "complete"),
            ),
            reads=_period_before,
        ),
        Kind(
            name="lifetime",
            title="Lifetime value",
            read=revenue.lifetime,
            columns=(
                *("cohort", "currency", "size", "n", "net_minor", "per_person_minor"),
                "complete",
            ),
            reads=_lifetimes,
        ),
    )
}
"""By name."""
