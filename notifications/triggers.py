"""What people are told when something happens: one table, event to wishes.

A wish names its happening for ever, so that an event that comes twice is told once.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from calling.events import CallEnded, CallRinging
from calling.selectors import ringing_among
from messaging.selectors import waited_for_in
from notifications.attention import active_users
from notifications.events import MessageWaiting
from notifications.services.telling import Wish
from pairly.accounts.events import PasswordChanged, SignedIn
from pairly.accounts.models import User
from pairly.core.table import Table
from pairly.moderation.events import ModerationDecided
from pairly.moderation.models import Notice
from payments.currencies import money_text
from payments.events import (
    CreditsAdded,
    CreditsLow,
    DisputeClosed,
    DisputeOpened,
    PaymentFailed,
    PurchaseCompleted,
    RefundFailed,
    RefundSettled,
)
from payments.selectors import wallets_of

__all__ = ["TRIGGERS", "conversation_key", "ring_key"]

NAMES = Table(User, "id", "display_name")
UNANSWERED = ("missed", "cancelled")
"""As the callee sees it, both are calls that they missed."""


def conversation_key(conversation_id: UUID) -> str:
    return f"conversation:{conversation_id}"


def ring_key(call_id: UUID) -> str:
    return f"ring:{call_id}"


def _names(user_ids: Collection[UUID]) -> dict[UUID, str]:
    return dict(NAMES.select("id", set(user_ids)))


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _messages(events: Sequence[MessageWaiting]) -> list[Wish]:
    """Nobody is told who looks at Pairly, nor of a conversation that they muted, or have read by
    now: events may come late."""
    active = active_users({event.recipient_id for event in events})
    events = [event for event in events if event.recipient_id not in active]
    names = _names([event.sender_id for event in events])
    waited_for = waited_for_in({event.conversation_id for event in events})
    return [
        Wish(
            user_id=event.recipient_id,
            kind="message.received",
            dedupe_key=str(event.message_id),
            context={"sender": names.get(event.sender_id, "")},
            data={
                "conversation_id": str(event.conversation_id),
                "message_id": str(event.message_id),
                "user_id": str(event.sender_id),
            },
            collapse_key=conversation_key(event.conversation_id),
        )
        for event in events
        if (event.conversation_id, event.recipient_id) in waited_for
    ]


def _ringing(events: Sequence[CallRinging]) -> list[Wish]:
    """Events may come late, and after those of the call's end."""
    ringing = ringing_among([event.call_id for event in events])
    events = [event for event in events if event.call_id in ringing]
    names = _names([event.caller_id for event in events])
    return [
        Wish(
            user_id=event.callee_id,
            kind="call.incoming",
            dedupe_key=str(event.call_id),
            context={"caller": names.get(event.caller_id, ""), "media": event.media},
            data={
                "call_id": str(event.call_id),
                "user_id": str(event.caller_id),
                "media": event.media,
            },
            collapse_key=ring_key(event.call_id),
            expires_at=event.expires_at,
        )
        for event in events
    ]


def _ended_calls(events: Sequence[CallEnded]) -> list[Wish]:
    missed = [event for event in events if event.reason in UNANSWERED]
    names = _names([event.caller_id for event in missed])
    wishes = [
        Wish(
            user_id=event.callee_id,
            kind="call.missed",
            dedupe_key=str(event.call_id),
            context={"caller": names.get(event.caller_id, "")},
            data={"call_id": str(event.call_id), "user_id": str(event.caller_id)},
            collapse_key=f"missed:{event.caller_id}",
        )
        for event in missed
    ]
    return wishes + _low_after(events)


def _low_after(events: Sequence[CallEnded]) -> list[Wish]:
    """Who had enough before a call and has little after it."""
    paid = [event for event in events if event.credits]
    wallets = wallets_of({event.caller_id for event in paid})
    low: int = settings.CREDITS_LOW_CREDITS
    return [
        _low(event.caller_id, wallets[event.caller_id].available, f"call:{event.call_id}")
        for event in paid
        if wallets[event.caller_id].available < low
        and wallets[event.caller_id].available + event.credits >= low
    ]


def _low(user_id: UUID, available: int, operation: str) -> Wish:
    return Wish(
        user_id=user_id,
        kind="credits.low",
        dedupe_key=operation,
        context={"available": available},
        collapse_key="credits.low",
    )


def _credits_low(events: Sequence[CreditsLow]) -> list[Wish]:
    return [_low(event.user_id, event.available, event.operation) for event in events]


def _credits_added(events: Sequence[CreditsAdded]) -> list[Wish]:
    return [
        Wish(
            user_id=event.user_id,
            kind="credits.added",
            dedupe_key=event.operation,
            context={"credits": event.credits, "reason": event.reason},
        )
        for event in events
    ]


def _payment(event: Any, kind: str, key: UUID, **more: Any) -> Wish:
    """Every event of a payment names buyer, intent, amount and currency."""
    return Wish(
        user_id=event.user_id,
        kind=kind,
        dedupe_key=str(key),
        context={"amount": money_text(event.amount_minor, event.currency), **more},
        data={"intent_id": str(event.intent_id)},
    )


def _purchases(events: Sequence[PurchaseCompleted]) -> list[Wish]:
    return [
        _payment(event, "payment.completed", event.intent_id, credits=event.credits)
        for event in events
    ]


def _failures(events: Sequence[PaymentFailed]) -> list[Wish]:
    """One for a purchase, however often its card was declined."""
    return [_payment(event, "payment.failed", event.intent_id) for event in events]


def _refunds(events: Sequence[RefundSettled]) -> list[Wish]:
    return [
        _payment(event, "payment.refunded", event.refund_id, credits=event.credits)
        for event in events
    ]


def _failed_refunds(events: Sequence[RefundFailed]) -> list[Wish]:
    return [_payment(event, "payment.refund_failed", event.refund_id) for event in events]


def _disputes(events: Sequence[DisputeOpened]) -> list[Wish]:
    return [_payment(event, "payment.disputed", event.dispute_id) for event in events]


def _closed_disputes(events: Sequence[DisputeClosed]) -> list[Wish]:
    return [
        _payment(event, "payment.dispute_closed", event.dispute_id, won=event.won)
        for event in events
    ]


def _sign_ins(events: Sequence[SignedIn]) -> list[Wish]:
    return [
        Wish(
            user_id=event.user_id,
            kind="security.new_sign_in",
            dedupe_key=str(event.device_id),
            context={
                "device": event.device_name,
                "address": event.address,
                "at": _minute(event.at),
            },
            data={"device_id": str(event.device_id)},
        )
        for event in events
    ]


def _passwords(events: Sequence[PasswordChanged]) -> list[Wish]:
    return [
        Wish(
            user_id=event.user_id,
            kind="security.password_changed",
            dedupe_key=event.at.isoformat(),
            context={"at": _minute(event.at)},
        )
        for event in events
    ]


def _decisions(events: Sequence[ModerationDecided]) -> list[Wish]:
    notices = Notice.objects.in_bulk([event.notice_id for event in events])
    return [
        Wish(
            user_id=event.user_id,
            kind="moderation.decided",
            dedupe_key=str(event.notice_id),
            context={
                "target_type": event.target_type,
                "text": notices[event.notice_id].text if event.notice_id in notices else "",
            },
            data={"notice_id": str(event.notice_id)},
        )
        for event in events
    ]


TRIGGERS: Final[Mapping[type[Any], Callable[[Sequence[Any]], list[Wish]]]] = {
    MessageWaiting: _messages,
    CallRinging: _ringing,
    CallEnded: _ended_calls,
    CreditsLow: _credits_low,
    CreditsAdded: _credits_added,
    PurchaseCompleted: _purchases,
    PaymentFailed: _failures,
    RefundSettled: _refunds,
    RefundFailed: _failed_refunds,
    DisputeOpened: _disputes,
    DisputeClosed: _closed_disputes,
    SignedIn: _sign_ins,
    PasswordChanged: _passwords,
    ModerationDecided: _decisions,
}
