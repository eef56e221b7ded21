"""What calling does when something happens to people: inside the transaction of the fact."""

from collections.abc import Sequence

from calling.services.interventions import end_calls_between, end_calls_of
from pairly.accounts.events import UserBlocked, UserDeleted, UserSuspended

__all__ = ["on_blocked", "on_deleted", "on_suspended"]


def on_blocked(events: Sequence[UserBlocked]) -> None:
    for event in events:
        end_calls_between(one_id=event.blocker_id, other_id=event.blocked_id)


def on_suspended(events: Sequence[UserSuspended]) -> None:
    for event in events:
        end_calls_of(user_id=event.user_id, leaves=False)


def on_deleted(events: Sequence[UserDeleted]) -> None:
    for event in events:
        end_calls_of(user_id=event.user_id, leaves=True)
