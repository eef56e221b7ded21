"""What ``/metrics`` tells of the database, which is the same in every process.

Read at most every ``METRICS_CACHE_SECONDS``, however often it is asked for, and never more than
a bounded number of rows: a figure of 1,000 may stand for more.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pairly.alerts.selectors import open_alerts
from pairly.audit.models import Unsealed as UnsealedEntry
from pairly.core import clock
from pairly.core.estimates import bounded_count
from pairly.health import deadline
from pairly.jobs.models import JobRun
from pairly.outbox.models import OutboxEvent
from payments import measures
from payments.selectors import ledger_status

__all__ = ["DatabaseGauges"]

logger = logging.getLogger(__name__)

COUNTED_MAX = measures.COUNTED_MAX
HOUR = timedelta(hours=1)
OUTBOX_STATES = (OutboxEvent.State.PENDING, OutboxEvent.State.FAILED)


class DatabaseGauges(Collector):
    """Without a database there is ``pairly_database_up 0`` and nothing else, so that a scrape
    never fails on it and no figure is an old one."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._read_at: float | None = None
        self._families: list[GaugeMetricFamily] = []

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Empty, so that registering it reads nothing."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self._guard:
            now = time.monotonic()
            if self._read_at is None or now - self._read_at >= settings.METRICS_CACHE_SECONDS:
                self._families, self._read_at = _read(), now
            return self._families


def _read() -> list[GaugeMetricFamily]:
    now = clock.now()
    try:
        with deadline():
            families = [family for read in READERS for family in read(now)]
    except Exception:
        logger.exception("the database could not be read for the metrics")
        return [_gauge("database_up", "Whether the database answers.", 0)]
    return [_gauge("database_up", "Whether the database answers.", 1), *families]


def _webhooks(now: datetime) -> Iterator[GaugeMetricFamily]:
    labels = ("provider", "state")
    open_ones = _labelled("webhooks_open", "Events of providers that are not over.", *labels)
    lately = _labelled("webhooks_last_hour", "Events that came in the last hour.", *labels)
    for family, counts in (
        (open_ones, measures.open_webhooks()),
        (lately, measures.webhooks_by_state(now - HOUR)),
    ):
        for values, count in counts.items():
            family.add_metric(values, count)
        yield family


def _intents(now: datetime) -> Iterator[GaugeMetricFamily]:
    open_ones = _labelled("intents_open", "Purchases that may still be paid.", "status")
    lately = _labelled("intents_last_hour", "Purchases begun in the last hour.", "status")
    for family, counts in (
        (open_ones, measures.open_intents()),
        (lately, measures.intents_by_status(now - HOUR)),
    ):
        for status, count in counts.items():
            family.add_metric((status,), count)
        yield family


def _fraud(now: datetime) -> Iterator[GaugeMetricFamily]:
    family = _labelled("fraud_checks_last_hour", "Attempts to buy that were scored.", "band")
    for band, count in measures.fraud_checks_by_band(now - HOUR).items():
        family.add_metric((band,), count)
    yield family


def _alerts(_now: datetime) -> Iterator[GaugeMetricFamily]:
    family = _labelled("alerts_open", "Open alerts.", "severity", "kind")
    for labels, count in Counter((one.severity, one.kind) for one in open_alerts()).items():
        family.add_metric(labels, count)
    yield family


def _chains(_now: datetime) -> Iterator[GaugeMetricFamily]:
    status = ledger_status()
    yield _gauge("ledger_blocks", "Sealed blocks of the ledger.", status.blocks)
    yield _gauge("ledger_sealed_transfers", "Transfers in sealed blocks.", status.transfers)
    waiting = measures.unsealed_transfers()
    yield _gauge("ledger_unsealed_transfers", "Transfers that wait to be sealed.", waiting)
    waiting = bounded_count(UnsealedEntry.objects.all(), COUNTED_MAX)
    yield _gauge("audit_unsealed_entries", "Audit entries that wait to be sealed.", waiting)


def _outbox(now: datetime) -> Iterator[GaugeMetricFamily]:
    events = _labelled("outbox_events", "Events between the apps that are not over.", "state")
    for state in OUTBOX_STATES:
        count = bounded_count(OutboxEvent.objects.filter(state=state), COUNTED_MAX)
        events.add_metric((state,), count)
    yield events
    due = OutboxEvent.objects.filter(state=OutboxEvent.State.PENDING, due_at__lte=now)
    oldest = due.order_by("due_at").values_list("due_at", flat=True).first()
    late_seconds = (now - oldest).total_seconds() if oldest else 0
    yield _gauge("outbox_late_seconds", "How long the oldest due event waits.", late_seconds)


def _jobs(_now: datetime) -> Iterator[GaugeMetricFamily]:
    """The label is not ``job``: Prometheus gives every sample one of that name."""
    failing = _labelled("job_failing", "Whether the last run of a job failed.", "name")
    ended = _labelled("job_ended_timestamp_seconds", "When its last run ended.", "name")
    for run in JobRun.objects.all():
        failing.add_metric((run.name,), 1 if run.error else 0)
        if run.finished_at is not None:
            ended.add_metric((run.name,), run.finished_at.timestamp())
    yield failing
    yield ended


READERS: tuple[Callable[[datetime], Iterator[GaugeMetricFamily]], ...] = (
    _webhooks,
    _intents,
    _fraud,
    _alerts,
    _chains,
    _outbox,
    _jobs,
)


def _labelled(name: str, help_text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"pairly_{name}", help_text, labels=labels)


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"pairly_{name}", help_text, value=value)
