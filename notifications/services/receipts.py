"""Noting what is heard of deliveries, in whatever order and however often it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from notifications.channels import Channel
from notifications.models import Delivery
from notifications.receipts import rank_of, state_after
from pairly.core.db import run_atomic
from pairly.core.table import Table

__all__ = ["Heard", "note_receipts"]

SEEN = ("state", "receipt")
CHANGED = ("state", "receipt", "receipt_at", "due_at", "sent_at", "detail")
DELIVERIES = Table(Delivery, "id", *CHANGED)

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Heard:
    """``at`` is when it happened, by whose word it is."""

    delivery_id: UUID
    receipt: str
    at: datetime
    detail: str = ""


def note_receipts(heard: Sequence[Heard], *, channel: Channel) -> int:
    """Note them; of how many deliveries that was news. Passed by: deliveries that there are not,
    of other channels, or that nobody has tried to send.

    The row guards it: whoever sends it at this moment looks at the receipt when storing the answer.
    """
    best: dict[UUID, Heard] = {}
    for one in sorted(heard, key=lambda one: rank_of(one.receipt)):
        best[one.delivery_id] = one
    return run_atomic(lambda: _note(best, channel)) if best else 0


def _note(best: dict[UUID, Heard], channel: Channel) -> int:
    found = Delivery.objects.filter(pk__in=list(best), channel=channel, attempts__gt=0)
    news = [row for row in found if rank_of(best[row.pk].receipt) > rank_of(row.receipt)]
    DELIVERIES.compare_and_set(
        "id",
        expected=SEEN,
        new=CHANGED,
        rows=[(row.pk, row.state, row.receipt, *_after(row, best[row.pk])) for row in news],
    )
    return len(news)


def _after(row: Delivery, heard: Heard) -> tuple[Any, ...]:
    """In the order of ``CHANGED``. What has ended by it is not tried again."""
    state = state_after(row.state, heard.receipt)
    has_ended = state != row.state
    sent_at = row.sent_at or (None if state == State.DEAD else heard.at)
    return (
        state,
        heard.receipt,
        heard.at,
        None if has_ended else row.due_at,
        sent_at if has_ended else row.sent_at,
        heard.detail or row.detail,
    )
