"""What messaging does when something happens to people."""

from collections.abc import Sequence

from messaging.services.conversations import set_blocked
from messaging.services.typing import forget_partner
from pairly.accounts.events import UserBlocked, UserUnblocked
from pairly.core.db import on_commit

__all__ = ["on_blocks_changed"]


def on_blocks_changed(events: Sequence[UserBlocked | UserUnblocked]) -> None:
    """Runs inside the transaction of the block, which the conversation's row then guards."""
    for event in events:
        set_blocked(user_id=event.blocker_id, other_id=event.blocked_id, now=event.at)
        blocker_id, blocked_id = event.blocker_id, event.blocked_id
        on_commit(lambda a=blocker_id, b=blocked_id: forget_partner(a, b))  # type: ignore[misc]
