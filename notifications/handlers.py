"""What notifications do when something happens elsewhere. Done twice, it is told once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from calling.events import CallConnected, CallEnded
from messaging.events import ConversationRead, MessageSent
from notifications.attention import active_here
from notifications.events import MessagesSeen, MessageWaiting
from notifications.selectors import open_alike
from notifications.services.reading import read_alike
from notifications.services.telling import notify
from notifications.services.trimming import forget_people
from notifications.triggers import TRIGGERS, conversation_key, ring_key
from pairly.accounts.events import UserDeleted
from pairly.outbox.services import emit

__all__ = [
    "close_seen",
    "forget",
    "note_seen",
    "note_waiting",
    "stop_ringing",
    "tell",
]


def tell(events: Sequence[Any]) -> None:
    """Whatever the table of triggers makes of these events, which are of one type."""
    notify(TRIGGERS[type(events[0])](events))


def note_waiting(events: Sequence[MessageSent]) -> None:
    """Inside the transaction of the messages, which costs nothing while both look at them. Who is
    active elsewhere is asked for later."""
    recipients = {event.recipient_id for event in events}
    away = recipients - active_here(recipients)
    if away:
        emit(
            *(
                MessageWaiting(one.message_id, one.conversation_id, one.sender_id, one.recipient_id)
                for one in events
                if one.recipient_id in away
            )
        )


def note_seen(events: Sequence[ConversationRead]) -> None:
    """Inside the transaction of the receipts; one look-up, and nothing else for nearly all."""
    keys = {(one.user_id, conversation_key(one.conversation_id)): one for one in events}
    told = [keys.get((row.user_id, row.collapse_key)) for row in open_alike(keys)]
    seen = [MessagesSeen(one.conversation_id, one.user_id) for one in told if one]
    if seen:
        emit(*seen)


def close_seen(events: Sequence[MessagesSeen]) -> None:
    read_alike([(one.user_id, conversation_key(one.conversation_id)) for one in events])


def stop_ringing(events: Sequence[CallConnected | CallEnded]) -> None:
    """A ringing push that has not gone out yet is not sent any more."""
    read_alike([(one.callee_id, ring_key(one.call_id)) for one in events])


def forget(events: Sequence[UserDeleted]) -> None:
    """Inside the transaction of the deletion."""
    people: list[UUID] = [event.user_id for event in events]
    forget_people(people)
