"""What presence does when something happens to people."""

from collections.abc import Sequence

from pairly.accounts.events import (
    PrivacyChanged,
    UserBlocked,
    UserDeleted,
    UserRestored,
    UserSuspended,
    UserUnblocked,
)
from pairly.core.db import on_commit
from presence.history import forget
from presence.looking import announce

__all__ = ["on_blocks_changed", "on_deleted", "on_people_changed"]


def on_blocks_changed(events: Sequence[UserBlocked | UserUnblocked]) -> None:
    people = {person for event in events for person in (event.blocker_id, event.blocked_id)}
    on_commit(lambda: announce(people))


def on_people_changed(
    events: Sequence[PrivacyChanged | UserDeleted | UserRestored | UserSuspended],
) -> None:
    people = {event.user_id for event in events}
    on_commit(lambda: announce(people))


def on_deleted(events: Sequence[UserDeleted]) -> None:
    for event in events:
        forget(event.user_id)
    on_people_changed(events)
