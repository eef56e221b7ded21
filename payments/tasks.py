"""Background work of payments; ``pairly/schedule.py`` says when."""

from datetime import timedelta

from pairly.core import clock
from payments.fraud.backtest import replay
from payments.fraud.rule_sets import present_rules
from payments.freezes.selectors import freezes_over
from payments.freezes.services import lift_over
from payments.intents import following
from payments.ledger.sealing import seal_waiting
from payments.ledger.verification import Report, verify
from payments.reconciliation.services import reconcile_all
from payments.refunds.following import poll_refunds
from payments.reports.intents import SETTLED_AFTER_DAYS, count_intents
from payments.reports.rolling import roll_up_ledger
from payments.simulator.services import deliver_settled
from payments.webhooks.processing import process_due
from payments.webhooks.trimming import trim_bodies

__all__ = [
    "backtest_fraud",
    "count_recent_intents",
    "deliver_mock_webhooks",
    "expire_intents",
    "follow_up_intents",
    "lift_freezes",
    "poll_payments",
    "process_webhooks",
    "reconcile_providers",
    "recount_intents",
    "roll_up_reports",
    "seal_ledger",
    "trim_webhooks",
    "verify_ledger_full",
    "verify_ledger_incremental",
]


BACKTESTED = timedelta(days=30)
FREEZES_AT_ONCE = 500


class LedgerBroken(Exception):
    """The ledger is not what was written."""


def seal_ledger() -> int:
    """Seal every transfer that waits; how many that were."""
    return seal_waiting(clock.now())


def verify_ledger_incremental() -> str:
    """What came since the last time. Raises ``LedgerBroken``."""
    return _told(verify(clock.now(), incremental=True))


def verify_ledger_full() -> str:
    """Everything, trusting nothing of the runs before. Raises ``LedgerBroken``."""
    return _told(verify(clock.now()))


def _told(report: Report) -> str:
    if not report.ok:
        raise LedgerBroken(f"the ledger does not verify: {report.to_dict()}")
    return f"verified up to transfer {report.transfers:,} in block {report.blocks:,}"


def reconcile_providers() -> str:
    """The last days of every provider. Raises ``ReconciliationFailed`` if one did not answer."""
    return reconcile_all(clock.now())


def lift_freezes() -> int:
    """Let people spend again whose freeze is over."""
    now = clock.now()
    over = freezes_over(now).values_list("pk", flat=True)[:FREEZES_AT_ONCE]
    return sum(lift_over(user_id=user_id, now=now) for user_id in list(over))


def follow_up_intents() -> int:
    """Ask providers about open intents and refunds, and end the intents whose time is over."""
    return expire_intents() + poll_payments()


def expire_intents() -> int:
    """End the intents whose time is over, at the provider first; how many were looked after."""
    return following.expire_intents(clock.now())


def roll_up_reports() -> int:
    """What was sealed since the last time, into the days of revenue and of credits owed."""
    return roll_up_ledger(clock.now())


def count_recent_intents() -> int:
    """How the purchases of today and yesterday stand."""
    return count_intents(clock.now())


def recount_intents() -> int:
    """How those stand that may still change."""
    return count_intents(clock.now(), days=SETTLED_AFTER_DAYS)


def poll_payments() -> int:
    """Ask providers about open intents and refunds that were not heard of; how many."""
    now = clock.now()
    return following.poll_intents(now) + poll_refunds(now)


def process_webhooks() -> int:
    """Events that were left, or that are to be tried again."""
    return process_due(clock.now())


def trim_webhooks() -> int:
    """Bodies of events that are over for long."""
    return trim_bodies(clock.now())


def deliver_mock_webhooks() -> int:
    """What mock providers have to say later than at once."""
    return deliver_settled(clock.now())


def backtest_fraud() -> str:
    """What the present fraud rules make of the last 30 days; the command tells it in full."""
    now = clock.now()
    found = replay(present_rules(), since=now - BACKTESTED)
    changed = sum(count for (old, new), count in found.bands.items() if old != new)
    return (
        f"{found.attempts:,} attempts in 30 days; the present rules would decide {changed:,}"
        f" of them otherwise; {found.disputed.total():,} were disputed later"
    )
