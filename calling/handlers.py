"""What calling does when something happens to people: inside the transaction of the fact."""

from collections.abc import Sequence

from calling.events import CallConnected, CallEnded
from calling.services.interventions import end_calls_between, end_calls_of
from pairly.accounts.events import UserBlocked, UserDeleted, UserSuspended
from presence.services import people_changed

__all__ = ["on_blocked", "on_deleted", "on_suspended", "on_talk_changed"]


def on_blocked(events: Sequence[UserBlocked]) -> None:
    for event in events:
        end_calls_between(one_id=event.blocker_id, other_id=event.blocked_id)


def on_suspended(events: Sequence[UserSuspended]) -> None:
    for event in events:
        end_calls_of(user_id=event.user_id, leaves=False)


def on_deleted(events: Sequence[UserDeleted]) -> None:
    for event in events:
        end_calls_of(user_id=event.user_id, leaves=True)


def on_talk_changed(events: Sequence[CallConnected | CallEnded]) -> None:
    """Others may see that these people are in a call, or are so no more."""
    people_changed({one for event in events for one in (event.caller_id, event.callee_id)})
