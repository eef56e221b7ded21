"""What staff do about notifications: replay what died, and try a text on themselves."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from notifications.channels import Channel, Outgoing, Result, sender_of
from notifications.errors import DeliveryNotReplayable, ReplaysUsedUp
from notifications.kinds import DIGEST, KINDS, Class, kind_named
from notifications.models import Delivery, Notification
from notifications.rendering import LANGUAGES, Rendered, render
from notifications.samples import SAMPLES
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import NotFound, ValidationFailed
from pairly.core.ids import new_id

__all__ = [
    "REPLAYED_AT_ONCE_MAX",
    "preview",
    "replay_dead",
    "replay_delivery",
    "replayable_dead",
    "try_text",
]

REPLAYED_AT_ONCE_MAX = 100
FRESH = timedelta(days=1)

State = Delivery.State


def replay_delivery(
    *, delivery_id: UUID, actor_id: UUID, reason: str, now: datetime, request_id: str = ""
) -> Delivery:
    """Give a dead letter fresh attempts, at once. What the person wishes by now still counts.

    Raises ``NotFound``, ``DeliveryNotReplayable``, ``ReplaysUsedUp`` after
    ``NOTIFICATION_REPLAYS_MAX``, ``ValidationFailed`` without a reason.
    """
    _require(reason)

    def replay() -> Delivery:
        delivery = Delivery.objects.filter(pk=delivery_id).first()
        if delivery is None:
            raise NotFound
        ringing = kind_named(delivery.kind).notification_class == Class.RING
        if delivery.state != State.DEAD or ringing:
            raise DeliveryNotReplayable
        if delivery.replays >= settings.NOTIFICATION_REPLAYS_MAX:
            raise ReplaysUsedUp
        _replay(delivery, now)
        _record(delivery, actor_id, reason, request_id)
        return Delivery.objects.get(pk=delivery_id)

    return run_atomic(replay)


def replay_dead(
    *, channel: str = "", actor_id: UUID, reason: str, now: datetime, request_id: str = ""
) -> int:
    """Replay the newest dead letters that have replays left, at most ``REPLAYED_AT_ONCE_MAX``; how
    many. Raises ``ValidationFailed`` without a reason."""
    _require(reason)

    def replay() -> int:
        dead = list(replayable_dead(channel))
        for delivery in dead:
            _replay(delivery, now)
            _record(delivery, actor_id, reason, request_id)
        return len(dead)

    return run_atomic(replay)


def replayable_dead(channel: str = "") -> "QuerySet[Delivery]":
    """Ringing is left out: its time is over."""
    dead = Delivery.objects.filter(state=State.DEAD, replays__lt=settings.NOTIFICATION_REPLAYS_MAX)
    if channel:
        dead = dead.filter(channel=channel)
    rings = [one.name for one in KINDS.values() if one.notification_class == Class.RING]
    return dead.exclude(kind__in=rings).order_by("-id")[:REPLAYED_AT_ONCE_MAX]


def _replay(delivery: Delivery, now: datetime) -> None:
    """It is worth sending for another day."""
    seen = Delivery.objects.filter(pk=delivery.pk, state=State.DEAD, replays=delivery.replays)
    values = {"state": State.PENDING, "attempts": 0, "due_at": now, "detail": ""}
    values |= {"receipt": "", "receipt_at": None}
    if not change_one(seen, replays=delivery.replays + 1, **values):
        raise DeliveryNotReplayable
    late = Notification.objects.filter(pk=delivery.notification_id, expires_at__lt=now + FRESH)
    late.update(expires_at=now + FRESH)


def _record(delivery: Delivery, actor_id: UUID, reason: str, request_id: str) -> None:
    record(
        actor_id=actor_id,
        action="delivery.replayed",
        target_type="delivery",
        target_id=delivery.pk,
        reason=reason,
        before={"state": State.DEAD, "attempts": delivery.attempts},
        after={"state": State.PENDING, "channel": delivery.channel, "kind": delivery.kind},
        request_id=request_id,
    )


def _require(reason: str) -> None:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")


def preview(*, kind: str, language: str) -> Rendered:
    """A text with an example in it. Raises ``NotFound``."""
    if kind not in SAMPLES or language not in LANGUAGES:
        raise NotFound
    return render(kind, language, SAMPLES[kind])


def try_text(
    *, kind: str, language: str, channel: Channel, actor_id: UUID, request_id: str = ""
) -> Result:
    """Send that text to oneself, now. Raises ``NotFound``, ``ValidationFailed`` where nothing
    sends on the channel."""
    words, sender = preview(kind=kind, language=language), sender_of(channel)
    if sender is None:
        raise ValidationFailed.of("channel", "invalid", "Nothing sends on this channel.")
    is_mail = channel == "email"
    outgoing = Outgoing(
        delivery_id=new_id(),
        user_id=actor_id,
        kind=kind,
        notification_class=KINDS[kind].notification_class.value if kind != DIGEST else "social",
        title=words.title,
        body=words.text if is_mail else words.body,
        html=words.html if is_mail else "",
        data={"kind": kind},
        collapse_key="",
        expires_at=clock.now() + FRESH,
        badge=None,
        unsubscribe_category="",
        language=language,
    )
    (result,) = sender.send([outgoing])
    run_atomic(
        lambda: record(
            actor_id=actor_id,
            action="notification_text.tried",
            target_type="notification_text",
            target_id=f"{kind}/{language}",
            after={"channel": channel, "outcome": result.outcome, "version": words.version},
            request_id=request_id,
        )
    )
    return result
