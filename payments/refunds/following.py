"""Asking providers about refunds that nobody told us the end of, and sending those that never
reached them. Safe to run twice and in several processes."""

import logging
from datetime import datetime

from django.db.models import QuerySet

from pairly.core.db import change_one, run_atomic
from payments.gateways.base import GatewayUnreachable
from payments.gateways.registry import gateway_named, provider_names
from payments.intents.following import next_look
from payments.intents.models import Observed
from payments.refunds.applying import apply_refund
from payments.refunds.models import Refund
from payments.refunds.selectors import order_of
from payments.refunds.services import send
from payments.refunds.states import State

__all__ = ["due_refunds", "poll_refunds"]

logger = logging.getLogger(__name__)

REFUNDS_AT_ONCE_MAX = 200


def poll_refunds(now: datetime) -> int:
    """Ask about every refund whose time has come, a bounded number; how many those were."""
    taken = 0
    for refund in list(due_refunds(now)):
        if _take(refund, now):
            taken += 1
            _ask(refund, now)
    return taken


def due_refunds(now: datetime) -> "QuerySet[Refund]":
    due = Refund.objects.filter(follow_up_at__lte=now).select_related("intent")
    return due.order_by("follow_up_at")[:REFUNDS_AT_ONCE_MAX]


def _take(refund: Refund, now: datetime) -> bool:
    following = next_look(refund.created_at, now)
    seen: QuerySet[Refund] = Refund.objects.filter(pk=refund.pk, follow_up_at=refund.follow_up_at)
    return run_atomic(lambda: change_one(seen, follow_up_at=following))


def _ask(refund: Refund, now: datetime) -> None:
    if refund.provider not in provider_names():
        logger.error("nobody serves %s, which has an open refund", refund.provider)
        return
    try:
        seen = gateway_named(refund.provider).fetch_refund(order_of(refund), now)
    except GatewayUnreachable:
        logger.warning("the provider %s did not answer for refund %s", refund.provider, refund.pk)
        return
    if seen is not None:
        apply_refund(intent_id=refund.intent_id, seen=seen, source=Observed.Source.POLL, now=now)
    elif refund.state == State.UNKNOWN:
        send(refund.pk, now)
    else:
        logger.error("the provider %s has lost refund %s", refund.provider, refund.pk)
