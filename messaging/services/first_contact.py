"""Limits on writing to people who have not asked for it; both are off unless set."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from messaging.conversations import NONE, Side
from messaging.errors import NotAnsweredYet, TooManyNewConversations
from messaging.models import NewContacts
from pairly.core.table import Table

__all__ = ["Beginnings", "begins", "check_unanswered"]

NEW_CONTACTS = Table(NewContacts, "user_id", "day", "count")
DAY = timedelta(days=1)


def begins(theirs: Side | None) -> bool:
    """Whether the recipient would only now hear of the conversation."""
    return theirs is None or theirs.folder == NONE


def check_unanswered(mine: Side | None, theirs: Side | None) -> None:
    """Raises ``NotAnsweredYet`` beyond ``FIRST_MESSAGES_UNANSWERED_MAX`` messages to somebody
    who has never written back. The conversation's row counts, and each send writes it."""
    limit = settings.FIRST_MESSAGES_UNANSWERED_MAX
    if limit and mine and theirs and not theirs.sent and mine.sent >= limit:
        raise NotAnsweredYet


class Beginnings:
    """The conversations that people begin in one transaction, against
    ``NEW_CONVERSATIONS_PER_DAY_MAX``. One query, none while the limit is off."""

    def __init__(self, user_ids: Iterable[UUID], now: datetime) -> None:
        self._now, self._today = now, now.date().isoformat()
        self._limit: int = settings.NEW_CONVERSATIONS_PER_DAY_MAX
        self._stored: dict[UUID, tuple[str, int]] = {}
        self._begun: dict[UUID, int] = {}
        if self._limit:
            rows = NEW_CONTACTS.select("user_id", set(user_ids))
            self._stored = {user_id: (day, count) for user_id, day, count in rows}

    def check(self, user_id: UUID) -> None:
        """Raises ``TooManyNewConversations`` until the next day in UTC."""
        if self._limit and self._before(user_id) + self._begun.get(user_id, 0) >= self._limit:
            midnight = datetime.combine(
                self._now.date() + DAY, datetime.min.time(), self._now.tzinfo
            )
            seconds = int((midnight - self._now).total_seconds()) + 1
            raise TooManyNewConversations(retry_after_seconds=seconds)

    def count(self, user_id: UUID) -> None:
        self._begun[user_id] = self._begun.get(user_id, 0) + 1

    def write(self) -> None:
        if not self._limit:
            return
        new, changed = [], []
        for user_id, begun in self._begun.items():
            row = (self._today, self._before(user_id) + begun)
            if user_id in self._stored:
                changed.append((user_id, *self._stored[user_id], *row))
            else:
                new.append((user_id, *row))
        NEW_CONTACTS.insert(new)
        columns = ("day", "count")
        NEW_CONTACTS.compare_and_set("user_id", expected=columns, new=columns, rows=changed)

    def _before(self, user_id: UUID) -> int:
        """How many today before this transaction."""
        day, count = self._stored.get(user_id, ("", 0))
        return count if day == self._today else 0
