"""Asking providers about intents that nobody told us the end of, and ending those whose time is
over. Safe to run twice and in several processes: a row belongs to who moves its time on."""

import logging
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

__all__ = ["due_intents", "follow_up"]

logger = logging.getLogger(__name__)

INTENTS_AT_ONCE_MAX = 200
AGE_PER_PAUSE = 4
"""The older an intent, the rarer it is asked about: a quarter of its age is the pause."""


def follow_up(now: datetime) -> int:
    """Look after every intent whose time has come, a bounded number; how many those were."""
    taken = 0
    for intent in list(due_intents(now)):
        if _take(intent, now):
            taken += 1
            _follow_up_one(intent, now)
    return taken


def due_intents(now: datetime) -> "QuerySet[Intent]":
    due = Intent.objects.filter(follow_up_at__lte=now)
    return due.order_by("follow_up_at")[:INTENTS_AT_ONCE_MAX]


def _take(intent: Intent, now: datetime) -> bool:
    shortest = timedelta(seconds=settings.INTENT_POLL_SECONDS)
    pause = max(shortest, (now - intent.created_at) / AGE_PER_PAUSE)
    following = now + timedelta(milliseconds=pause // timedelta(milliseconds=1))
    if now < intent.expires_at < following:
        following = intent.expires_at
    seen: QuerySet[Intent] = Intent.objects.filter(pk=intent.pk, follow_up_at=intent.follow_up_at)
    return run_atomic(lambda: change_one(seen, follow_up_at=following))


def _follow_up_one(intent: Intent, now: datetime) -> None:
    if intent.provider not in provider_names():
        logger.error("nobody serves %s, which has an open intent", intent.provider)
        return
    gateway = gateway_named(intent.provider)
    is_over = now >= intent.expires_at
    try:
        seen = (gateway.cancel if is_over else gateway.fetch)(order_of(intent), now)
    except GatewayUnreachable:
        logger.warning("the provider %s did not answer for %s", intent.provider, intent.pk)
        return
    ended = seen is None or seen.status == Status.CANCELED
    if is_over and ended:
        _end(intent, now)
    elif seen is not None:
        apply(intent_id=intent.pk, seen=seen, source=Observed.Source.POLL, now=now)


def _end(intent: Intent, now: datetime) -> None:
    """The provider takes no money any more. What was declined stays so."""
    if not expire(intent_id=intent.pk, now=now):
        closed = Intent.objects.filter(pk=intent.pk).exclude(status__in=OPEN)
        run_atomic(lambda: change_one(closed, follow_up_at=None))
