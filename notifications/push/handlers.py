"""What becomes of devices when something happens to people: inside the fact's transaction."""

from collections.abc import Sequence

from notifications.push.services import forget_person
from pairly.accounts.events import UserDeleted

__all__ = ["forget_devices"]


def forget_devices(events: Sequence[UserDeleted]) -> None:
    for event in events:
        forget_person(event.user_id)
