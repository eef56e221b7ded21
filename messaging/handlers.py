"""What messaging does when something happens to people."""

from collections.abc import Sequence
from functools import partial

from messaging.services.conversations import set_blocked
from messaging.services.typing import forget_partners
from pairly.accounts.events import UserBlocked, UserUnblocked
from pairly.core.db import on_commit
from pairly.realtime.services import give_notice

__all__ = ["BLOCKS_CHANGED", "on_blocks_changed"]

BLOCKS_CHANGED = "messaging.blocks_changed"


def on_blocks_changed(events: Sequence[UserBlocked | UserUnblocked]) -> None:
    """Runs inside the transaction of the block, which the conversation's row then guards."""
    for event in events:
        set_blocked(user_id=event.blocker_id, other_id=event.blocked_id, now=event.at)
        pair = f"{event.blocker_id} {event.blocked_id}"
        on_commit(partial(forget_partners, pair))
        give_notice(BLOCKS_CHANGED, pair)
