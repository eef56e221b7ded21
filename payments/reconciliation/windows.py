"""Which time a run looks at, and up to when a provider's statements are known without a gap."""

from datetime import datetime, timedelta

from django.conf import settings

from payments.gateways.registry import gateway_named
from payments.reconciliation.clearing import Clearing
from payments.reconciliation.models import Reconciliation
from payments.reconciliation.selectors import reconciled_until
from payments.reports.rolling import catch_up

__all__ = ["known_after", "usual_window"]


def usual_window(provider: str, now: datetime) -> tuple[datetime, datetime]:
    """The last ``RECONCILIATION_DAYS``, and before them whatever no run has seen yet: from
    midnight in UTC up to what is old enough to have been heard of."""
    catch_up()
    until = now - timedelta(minutes=settings.RECONCILIATION_LAG_MINUTES)
    since = until - timedelta(days=settings.RECONCILIATION_DAYS)
    unseen = Clearing(provider, reconciled_until(provider), since).first_at()
    first = since if unseen is None else unseen
    return first.replace(hour=0, minute=0, second=0, microsecond=0), until


def known_after(run: Reconciliation, now: datetime) -> datetime:
    """Up to when everything of the provider is known once the run is done; nothing is gained if
    something was booked between what was known before and where the run begins."""
    before = reconciled_until(run.provider)
    if Clearing(run.provider, before, run.since).first_at() is not None:
        return before
    settles_in = timedelta(days=gateway_named(run.provider).statement_delay_days)
    return max(before, min(run.until, now - settles_in))
