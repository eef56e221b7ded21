"""Every rule of monitoring in one table: what is measured, over how long, and from where on it
is an alert.

A measure reads a bounded number of rows by an index and tells one value for each key: a provider,
a job, or empty where there is but one. A value above the threshold raises the alert of that kind
and key; any other clears it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from notifications.staff_selectors import dead_since
from pairly.alerts.models import Severity
from pairly.core.estimates import bounded_count
from pairly.jobs.models import JobRun
from pairly.outbox.models import OutboxEvent
from payments import measures
from payments.fraud.models import Band
from payments.selectors import dead_webhooks

__all__ = ["CHAIN_JOBS", "COUNTED_MAX", "RULES", "Measure", "Reading", "Rule"]

COUNTED_MAX = 1000
NO_WINDOW = timedelta()
CHAIN_JOBS: Final = {
    "payments.verify_ledger_incremental": "ledger",
    "payments.verify_ledger_full": "ledger",
    "audit.verify_audit": "audit log",
}
"""Jobs whose failure says that a chain is broken, and which."""
TELLING_JOBS: Final = (*CHAIN_JOBS, "monitoring.check_all_invariants")
"""Those whose failure is an alert of its own."""


@dataclass(frozen=True, slots=True)
class Reading:
    value: int
    key: str = ""
    details: str = ""


Measure = Callable[[datetime, datetime], Iterable[Reading]]
"""Called with the beginning of the window and the present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``title`` is filled in with the reading's ``key`` and ``value``. ``threshold_setting`` names
    the setting with the highest value that is no alert; without one that is zero."""

    kind: str
    severity: Severity
    title: str
    measure: Measure
    window: timedelta = NO_WINDOW
    threshold_setting: str = ""

    @property
    def threshold(self) -> int:
        return getattr(settings, self.threshold_setting) if self.threshold_setting else 0


def webhook_failures(since: datetime, _now: datetime) -> Iterator[Reading]:
    """Percent of each provider's events that failed; of a few events a share says nothing."""
    states = measures.webhooks_by_state(since)
    for provider in sorted({provider for provider, _state in states}):
        came = sum(count for (name, _state), count in states.items() if name == provider)
        failed = sum(states[provider, state] for state in measures.FAILED_STATES)
        details = f"{failed} of the {came} events of the last hour failed."
        yield Reading(_percent(failed, came), provider, details)


def bad_signatures(since: datetime, now: datetime) -> Iterator[Reading]:
    minutes = (now - since) // timedelta(minutes=1)
    for provider, count in measures.bad_signatures(minutes, now).items():
        yield Reading(count, provider, "A secret that was replaced too early, or somebody guesses.")


def dead(_since: datetime, _now: datetime) -> Iterator[Reading]:
    details = "What providers told of payments came to nothing. Mend the cause, then replay."
    yield Reading(bounded_count(dead_webhooks(), COUNTED_MAX), details=details)


def dead_notifications(since: datetime, _now: datetime) -> Iterator[Reading]:
    """Of so many hours, since the last attempt of a mail is four hours after it was told."""
    details = "Pushes and mails failed for good. Mend the cause, then replay."
    yield Reading(bounded_count(dead_since(since), COUNTED_MAX), details=details)


def unknown_intents(_since: datetime, now: datetime) -> Iterator[Reading]:
    minutes = settings.ALERT_UNKNOWN_INTENT_MINUTES
    details = f"No provider has told anything of them for {minutes} minutes."
    yield Reading(measures.unknown_intents(now - timedelta(minutes=minutes)), details=details)


def unknown_refunds(_since: datetime, now: datetime) -> Iterator[Reading]:
    minutes = settings.ALERT_UNKNOWN_INTENT_MINUTES
    details = f"No provider has answered for {minutes} minutes; it is asked again by itself."
    yield Reading(measures.unknown_refunds(now - timedelta(minutes=minutes)), details=details)


def fraud_blocks(since: datetime, _now: datetime) -> Iterator[Reading]:
    """Percent of the attempts to buy that were refused as fraud."""
    bands = measures.fraud_checks_by_band(since)
    scored, blocked = bands.total(), bands[Band.BLOCK]
    details = f"{blocked} of the {scored} attempts of the last hour. A wave, or a rule too harsh."
    yield Reading(_percent(blocked, scored), details=details)


def chains(_since: datetime, _now: datetime) -> Iterator[Reading]:
    """One if the last verification found a chain broken."""
    errors: dict[str, str] = dict.fromkeys(CHAIN_JOBS.values(), "")
    for run in JobRun.objects.filter(pk__in=list(CHAIN_JOBS)):
        errors[CHAIN_JOBS[run.name]] = errors[CHAIN_JOBS[run.name]] or run.error
    for chain, error in errors.items():
        yield Reading(1 if error else 0, chain, error)


def failing_jobs(_since: datetime, _now: datetime) -> Iterator[Reading]:
    """One if the last run of a job failed."""
    for run in JobRun.objects.exclude(pk__in=TELLING_JOBS):
        yield Reading(1 if run.error else 0, run.name, run.error)


def failed_outbox(_since: datetime, _now: datetime) -> Iterator[Reading]:
    failed = OutboxEvent.objects.filter(state=OutboxEvent.State.FAILED)
    yield Reading(bounded_count(failed, COUNTED_MAX), details="Retry or discard them.")


def late_outbox(_since: datetime, now: datetime) -> Iterator[Reading]:
    due = now - timedelta(minutes=settings.ALERT_OUTBOX_LATE_MINUTES)
    late = OutboxEvent.objects.filter(state=OutboxEvent.State.PENDING, due_at__lte=due)
    yield Reading(bounded_count(late, COUNTED_MAX), details="Does a dispatcher run?")


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        kind="webhook_failures",
        severity=Severity.WARNING,
        title="Webhooks of {key} that fail: {value} %",
        measure=webhook_failures,
        window=timedelta(hours=1),
        threshold_setting="ALERT_WEBHOOK_FAILURE_PERCENT",
    ),
    Rule(
        kind="bad_signatures",
        severity=Severity.WARNING,
        title="Webhooks of {key} with a wrong signature in ten minutes: {value}",
        measure=bad_signatures,
        window=timedelta(minutes=10),
        threshold_setting="ALERT_BAD_SIGNATURES_MAX",
    ),
    Rule(
        kind="dead_webhooks",
        severity=Severity.CRITICAL,
        title="Dead webhooks: {value}",
        measure=dead,
    ),
    Rule(
        kind="dead_notifications",
        severity=Severity.WARNING,
        title="Notifications of the last six hours that failed for good: {value}",
        measure=dead_notifications,
        window=timedelta(hours=6),
        threshold_setting="ALERT_DEAD_NOTIFICATIONS_MAX",
    ),
    Rule(
        kind="unknown_intents",
        severity=Severity.WARNING,
        title="Purchases whose provider does not answer: {value}",
        measure=unknown_intents,
    ),
    Rule(
        kind="unknown_refunds",
        severity=Severity.WARNING,
        title="Refunds whose provider does not answer: {value}",
        measure=unknown_refunds,
    ),
    Rule(
        kind="fraud_blocks",
        severity=Severity.WARNING,
        title="Attempts to buy that are refused as fraud: {value} %",
        measure=fraud_blocks,
        window=timedelta(hours=1),
        threshold_setting="ALERT_FRAUD_BLOCK_PERCENT",
    ),
    Rule(
        kind="chain_broken",
        severity=Severity.CRITICAL,
        title="The chain of the {key} does not verify",
        measure=chains,
    ),
    Rule(
        kind="outbox_failed",
        severity=Severity.CRITICAL,
        title="Events between the apps that failed for good: {value}",
        measure=failed_outbox,
    ),
    Rule(
        kind="outbox_late",
        severity=Severity.WARNING,
        title="Events between the apps that wait too long: {value}",
        measure=late_outbox,
    ),
    Rule(
        kind="job_failing",
        severity=Severity.WARNING,
        title="The job {key} fails",
        measure=failing_jobs,
    ),
)


def _percent(part: int, whole: int) -> int:
    """Rounded up; zero of fewer than ``ALERT_SHARE_EVENTS_MIN``."""
    return -(-part * 100 // whole) if whole >= settings.ALERT_SHARE_EVENTS_MIN else 0
