"""What attachments do when a person leaves."""

from collections.abc import Sequence

from messaging.attachments.services import remove_owned
from pairly.accounts.events import UserDeleted

__all__ = ["remove_files_of_the_deleted"]


def remove_files_of_the_deleted(events: Sequence[UserDeleted]) -> None:
    """Pictures and voices tell more of who somebody was than words do: they go, sent or not."""
    for event in events:
        remove_owned(owner_id=event.user_id)
