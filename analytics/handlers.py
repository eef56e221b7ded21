"""What other apps tell becomes facts. Each has a name made of what happened, so a handler that runs
twice changes nothing."""

from collections.abc import Sequence

from analytics.services.erasing import request_erasure
from analytics.services.ingest import Fact, record
from analytics.services.profiles import note_completed
from calling.events import CallConnected, CallEnded
from calling.selectors import grades_of
from pairly.accounts.events import (
    PhotoChanged,
    ProfileChanged,
    SignedIn,
    UserDeleted,
    UserRegistered,
)
from pairly.accounts.platforms import platform_of
from pairly.accounts.selectors import platforms_of, user_agents_of
from payments.events import DisputeClosed, DisputeOpened, PurchaseCompleted, RefundSettled
from payments.selectors import disputes_by_id, intents_by_id, refunds_by_id

__all__ = [
    "on_calls_connected",
    "on_calls_ended",
    "on_deleted",
    "on_disputes_closed",
    "on_disputes_opened",
    "on_profiles_changed",
    "on_purchases",
    "on_refunds",
    "on_registered",
    "on_signed_in",
]


def on_registered(events: Sequence[UserRegistered]) -> None:
    platforms = platforms_of([event.user_id for event in events])
    record(
        [
            Fact(
                key=str(event.user_id),
                user_id=event.user_id,
                name="user.registered",
                at=event.at,
                props={},
                platform=platforms.get(event.user_id, ""),
            )
            for event in events
        ]
    )


def on_signed_in(events: Sequence[SignedIn]) -> None:
    agents = user_agents_of([event.device_id for event in events])
    record(
        [
            Fact(
                key=str(event.device_id),
                user_id=event.user_id,
                name="sign_in",
                at=event.at,
                props={},
                platform=platform_of(agents.get(event.device_id, "")),
            )
            for event in events
        ]
    )


def on_profiles_changed(events: Sequence[ProfileChanged | PhotoChanged]) -> None:
    note_completed({event.user_id: event.at for event in reversed(events)})


def on_deleted(events: Sequence[UserDeleted]) -> None:
    for event in events:
        request_erasure(event.user_id, event.at)


def on_calls_connected(events: Sequence[CallConnected]) -> None:
    """Whoever took a call did something."""
    record(
        [
            Fact(
                str(event.call_id),
                event.callee_id,
                "call.answered",
                event.at,
                {"media": event.media},
            )
            for event in events
        ]
    )


def on_calls_ended(events: Sequence[CallEnded]) -> None:
    """Grades are those of the reports until then; a last report may come a moment after."""
    facts = [fact for event in events for fact in _of_call(event)]
    by_call = {event.call_id: event for event in events}
    facts += [
        Fact(f"{call_id}:{user_id}", user_id, "call.quality", by_call[call_id].at, {"grade": grade})
        for call_id, user_id, grade in grades_of(list(by_call))
    ]
    record(facts)


def _of_call(event: CallEnded) -> list[Fact]:
    props = {
        "media": event.media,
        "seconds": event.seconds,
        "reason": event.reason,
        "credits": event.credits,
    }
    ended = Fact(str(event.call_id), event.caller_id, "call.ended", event.at, props)
    if not event.credits:
        return [ended]
    spent = {"credits": event.credits, "for": "call"}
    return [ended, Fact(f"call:{event.call_id}", event.caller_id, "credits.spent", event.at, spent)]


def on_purchases(events: Sequence[PurchaseCompleted]) -> None:
    intents = intents_by_id([event.intent_id for event in events])
    record(
        [
            Fact(
                key=str(intent.pk),
                user_id=intent.user_id,
                name="purchase.completed",
                at=intent.paid_at or intent.created_at,
                props={
                    "amount_minor": intent.amount_minor,
                    "currency": intent.currency,
                    "credits": intent.credits,
                    "provider": intent.provider,
                    "package": intent.package_id,
                },
            )
            for intent in intents.values()
        ]
    )


def on_refunds(events: Sequence[RefundSettled]) -> None:
    refunds = refunds_by_id([event.refund_id for event in events])
    record(
        [
            Fact(
                key=str(refund.pk),
                user_id=refund.user_id,
                name="refund.posted",
                at=refund.settled_at,
                props={"amount_minor": refund.amount_minor, "currency": refund.intent.currency},
            )
            for refund in refunds.values()
            if refund.settled_at is not None
        ]
    )


def on_disputes_opened(events: Sequence[DisputeOpened]) -> None:
    disputes = disputes_by_id([event.dispute_id for event in events])
    record(
        [
            Fact(
                key=str(dispute.pk),
                user_id=dispute.user_id,
                name="dispute.opened",
                at=dispute.created_at,
                props={"amount_minor": dispute.amount_minor, "currency": dispute.intent.currency},
            )
            for dispute in disputes.values()
        ]
    )


def on_disputes_closed(events: Sequence[DisputeClosed]) -> None:
    won = {event.dispute_id: event.won for event in events}
    disputes = disputes_by_id(list(won))
    record(
        [
            Fact(
                key=str(dispute.pk),
                user_id=dispute.user_id,
                name="dispute.closed",
                at=dispute.closed_at,
                props={
                    "amount_minor": dispute.amount_minor,
                    "currency": dispute.intent.currency,
                    "won": won[dispute.pk],
                },
            )
            for dispute in disputes.values()
            if dispute.closed_at is not None
        ]
    )
