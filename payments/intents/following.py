"""Asking providers about intents that nobody told us the end of, and ending those whose time is
over. Safe to run twice and in several processes: a row belongs to who moves its time on."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from pairly.core.db import change_one, run_atomic
from payments.gateways.base import GatewayUnreachable
from payments.gateways.registry import gateway_named, provider_names
from payments.intents.applying import apply, expire
from payments.intents.models import Intent, Observed
from payments.intents.selectors import order_of
from payments.intents.states import OPEN, Status

__all__ = ["ask", "due_intents", "expire_intents", "next_look", "poll_intents"]

logger = logging.getLogger(__name__)

INTENTS_AT_ONCE_MAX = 200
AGE_PER_PAUSE = 4
"""The older an intent, the rarer it is asked about: a quarter of its age is the pause..."""
LONGEST_PAUSE = timedelta(hours=6)
"""... but not rarer: banks take days over refunds, and whoever waits asks us every day."""


def expire_intents(now: datetime) -> int:
    """End the intents whose time is over, at the provider first, a bounded number."""
    return sum(_end_one(intent, now) for intent in _taken(due_intents(now, over=True), now))


def poll_intents(now: datetime) -> int:
    """Ask about the intents that are still open and were not heard of, a bounded number."""
    return sum(_ask_one(intent, now) for intent in _taken(due_intents(now, over=False), now))


def ask(intent: Intent, now: datetime) -> None:
    """Apply what the provider says of the payment now. Raises ``GatewayUnreachable``."""
    seen = gateway_named(intent.provider).fetch(order_of(intent), now)
    if seen is not None:
        apply(intent_id=intent.pk, seen=seen, source=Observed.Source.POLL, now=now)


def due_intents(now: datetime, *, over: bool) -> "QuerySet[Intent]":
    due = Intent.objects.filter(follow_up_at__lte=now)
    due = due.filter(expires_at__lte=now) if over else due.filter(expires_at__gt=now)
    return due.order_by("follow_up_at")[:INTENTS_AT_ONCE_MAX]


def next_look(created_at: datetime, now: datetime) -> datetime:
    """When to ask again about what was begun then."""
    shortest = timedelta(seconds=settings.INTENT_POLL_SECONDS)
    pause = max(shortest, min((now - created_at) / AGE_PER_PAUSE, LONGEST_PAUSE))
    return now + timedelta(milliseconds=pause // timedelta(milliseconds=1))


def _taken(due: "QuerySet[Intent]", now: datetime) -> Iterator[Intent]:
    """Those that nobody else has taken, one after the other, so that each is taken just before it
    is looked after. One of a provider that is not served any more waits."""
    for intent in list(due):
        if not _take(intent, now):
            continue
        if intent.provider in provider_names():
            yield intent
        else:
            logger.error("nobody serves %s, which has an open intent", intent.provider)


def _take(intent: Intent, now: datetime) -> bool:
    following = next_look(intent.created_at, now)
    if now < intent.expires_at < following:
        following = intent.expires_at
    seen: QuerySet[Intent] = Intent.objects.filter(pk=intent.pk, follow_up_at=intent.follow_up_at)
    return run_atomic(lambda: change_one(seen, follow_up_at=following))


def _ask_one(intent: Intent, now: datetime) -> bool:
    try:
        ask(intent, now)
    except GatewayUnreachable:
        _warn(intent)
    return True


def _end_one(intent: Intent, now: datetime) -> bool:
    try:
        seen = gateway_named(intent.provider).cancel(order_of(intent), now)
    except GatewayUnreachable:
        _warn(intent)
        return True
    if seen is None or seen.status == Status.CANCELED:
        _end(intent, now)
    else:
        apply(intent_id=intent.pk, seen=seen, source=Observed.Source.POLL, now=now)
    return True


def _warn(intent: Intent) -> None:
    logger.warning("the provider %s did not answer for %s", intent.provider, intent.pk)


def _end(intent: Intent, now: datetime) -> None:
    """The provider takes no money any more. What was declined stays so."""
    if not expire(intent_id=intent.pk, now=now):
        closed = Intent.objects.filter(pk=intent.pk).exclude(status__in=OPEN)
        run_atomic(lambda: change_one(closed, follow_up_at=None))
