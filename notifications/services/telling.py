"""Telling people: rows for the list and for each channel, and news for open sockets, in one commit.

``notify`` takes many wishes at once. What was told before, by its ``dedupe_key``, is told no
second time, so whoever asks may ask again after a crash.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F

from notifications.channels import Channel
from notifications.kinds import Kind, kind_named
from notifications.models import Delivery, Notification, Preferences, dedupe_key_of
from notifications.preferences.selectors import preferences_of, wants
from notifications.rendering import render
from notifications.schemas import NotificationNewData, notification_view
from notifications.selectors import KNOWN, deliveries_of, open_alike, unread_counts
from pairly.accounts.models import User
from pairly.core import clock
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.ids import new_id
from pairly.core.table import Table
from pairly.realtime.frames import to_json
from pairly.realtime.services import Append, append

__all__ = ["Wish", "digest_key", "join_digests", "notify"]

LEFT = Table(User, "id", "deleted_at")
DIGESTS = Table(Delivery, "digest")
COLUMNS = (
    *("id", "notification_id", "user_id", "kind", "channel", "lane", "state", "reason", "due_at"),
    *("claim", "is_digest", "digest", "gathered", "attempts", "replays", "detail"),
    *("provider_ref", "template_version", "sent_at", "receipt", "receipt_at", "created_at"),
)
DELIVERIES = Table(Delivery, *COLUMNS)

State, Reason = Delivery.State, Delivery.Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """That a person is told something, once for ever per ``dedupe_key``.

    ``context`` is what the texts are made of, in plain values; ``data`` says what a client opens.
    A later one with the same ``collapse_key`` takes the place of an unread one.
    """

    user_id: UUID
    kind: str
    dedupe_key: str
    context: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    collapse_key: str = ""
    expires_at: datetime | None = None

    @property
    def key(self) -> str:
        return dedupe_key_of(self.user_id, f"{self.kind}:{self.dedupe_key}")

    @property
    def alike(self) -> tuple[UUID, str]:
        return self.user_id, self.collapse_key


def notify(wishes: Sequence[Wish], *, now: datetime | None = None) -> int:
    """Tell people; of how many wishes they had not been told before. Deleted people hear nothing.

    Call it outside of transactions: of two at once with the same key, the second looks again.
    """
    at = now or clock.now()
    try:
        return run_atomic(lambda: _notify(wishes, at))
    except IntegrityError:
        return run_atomic(lambda: _notify(wishes, at))


def digest_key(user_id: UUID, channel: str) -> str:
    """The name of the one delivery that gathers what piles up for a person on a channel."""
    return f"{user_id.hex}:{channel}"


def _notify(wishes: Sequence[Wish], now: datetime) -> int:
    fresh = _unknown(wishes)
    if not fresh:
        return 0
    telling = _Telling({wish.user_id for wish in fresh}, now)
    telling.look_for_alike(fresh)
    for wish in fresh:
        telling.add(wish)
    telling.write()
    return len(fresh)


def _unknown(wishes: Sequence[Wish]) -> list[Wish]:
    by_key = {wish.key: wish for wish in wishes}
    for (key,) in KNOWN.select("dedupe_key", by_key):
        del by_key[key]
    people = {wish.user_id for wish in by_key.values()}
    here = {user_id for user_id, deleted_at in LEFT.select("id", people) if deleted_at is None}
    return [wish for wish in by_key.values() if wish.user_id in here]


class _Telling:
    """One transaction's worth: one read of each kind, rows in memory, one write of each kind.

    The rows that guard it: an earlier notification whose place is taken is changed only while it
    is open, and a person's log takes one writer at a time.
    """

    def __init__(self, people: Collection[UUID], now: datetime) -> None:
        self._people, self._now = people, now
        self._preferences = preferences_of(people)
        self._rows: list[Notification] = []
        self._deliveries: dict[UUID, list[Delivery]] = {}
        """By the notification that they carry."""
        self._newest: dict[tuple[UUID, str], Notification] = {}
        self._replaces: dict[UUID, Notification] = {}
        self._pushes: dict[UUID, Delivery] = {}
        keys = {digest_key(one, "email") for one in people}
        self._digests = {key for (key,) in DIGESTS.select("digest", keys)}
        self._joined: dict[str, list[datetime]] = defaultdict(list)
        self._begun: dict[str, Delivery] = {}

    def look_for_alike(self, wishes: Sequence[Wish]) -> None:
        """The unread ones whose place will be taken, and how far their pushes have come."""
        keys = {wish.alike for wish in wishes if wish.collapse_key}
        if not keys:
            return
        for row in open_alike(keys).order_by("id"):
            if (row.user_id, row.collapse_key) in keys:
                self._newest[row.user_id, row.collapse_key] = row
        stored = [row.pk for row in self._newest.values()]
        pushes = deliveries_of(stored).filter(channel="push", is_digest=False)
        self._pushes = {one.notification_id: one for one in pushes}

    def add(self, wish: Wish) -> None:
        kind, preferences = kind_named(wish.kind), self._preferences[wish.user_id]
        earlier = self._newest.get(wish.alike) if wish.collapse_key else None
        row = self._row(wish, kind, preferences, count=earlier.count + 1 if earlier else 1)
        if wish.collapse_key:
            self._newest[wish.alike] = row
        if earlier is not None:
            self._take_place(earlier, row)
        self._rows.append(row)
        self._deliveries[row.pk] = [
            self._delivery(row, kind, channel, preferences) for channel in kind.channels
        ]

    def _row(self, wish: Wish, kind: Kind, preferences: Preferences, *, count: int) -> Notification:
        words = render(kind.name, preferences.language, {**wish.context, "count": count})
        return Notification(
            id=new_id(),
            user_id=wish.user_id,
            kind=kind.name,
            dedupe_key=wish.key,
            collapse_key=wish.collapse_key,
            count=count,
            context=dict(wish.context),
            data=dict(wish.data),
            title=words.title,
            body=words.body,
            template_version=words.version,
            listed="in_app" in kind.channels and wants(preferences, kind, "in_app"),
            expires_at=wish.expires_at or self._now + kind.expiry,
            created_at=self._now,
        )

    def _take_place(self, earlier: Notification, row: Notification) -> None:
        """The newer inherits what was known of the earlier's push: how long it has waited."""
        if earlier.pk in self._pushes:
            self._pushes[row.pk] = self._pushes[earlier.pk]
        if not earlier._state.adding:
            self._replaces[row.pk] = earlier
            return
        if earlier.pk in self._replaces:
            self._replaces[row.pk] = self._replaces[earlier.pk]
        earlier.open = earlier.listed = False
        for delivery in self._deliveries[earlier.pk]:
            if not delivery.is_digest:
                _end(delivery, Reason.COLLAPSED)

    def _delivery(
        self, row: Notification, kind: Kind, channel: Channel, preferences: Preferences
    ) -> Delivery:
        made = Delivery(
            notification_id=row.pk,
            user_id=row.user_id,
            kind=kind.name,
            channel=channel,
            lane=kind.lane(channel),
            due_at=self._now,
            created_at=self._now,
        )
        if not wants(preferences, kind, channel):
            return _end(made, Reason.REFUSED)
        if channel == "in_app":
            made.state, made.due_at, made.sent_at = State.SENT, None, self._now
            made.template_version = row.template_version
        elif kind.digests(channel):
            self._gather_for_digest(made)
        elif kind.gather:
            made.due_at = self._push_at(row)
        return made

    def _gather_for_digest(self, delivery: Delivery) -> None:
        key = digest_key(delivery.user_id, delivery.channel)
        if key in self._digests:
            self._joined[key].append(delivery.created_at)
            _end(delivery, Reason.DIGESTED)
            return
        self._begun.setdefault(key, delivery)
        if self._begun[key] is not delivery:
            self._begun[key].gathered += 1
            _end(delivery, Reason.DIGESTED)
            return
        delivery.digest, delivery.is_digest = key, True
        delivery.due_at = self._now + timedelta(minutes=settings.NOTIFICATION_DIGEST_MINUTES)

    def _push_at(self, row: Notification) -> datetime:
        """Soon, so that what follows at once goes with it; no later than the one whose place it
        takes was to go, and not right after that has gone."""
        soon = self._now + timedelta(seconds=settings.NOTIFICATION_GATHER_SECONDS)
        pause = timedelta(seconds=settings.NOTIFICATION_PUSH_PAUSE_SECONDS)
        earlier = self._pushes.get(row.pk)
        if earlier is None:
            return soon
        if earlier.state == State.PENDING and earlier.due_at is not None:
            return min(soon, earlier.due_at)
        if earlier.state == State.SENDING:
            return self._now + pause
        return max(soon, earlier.sent_at + pause) if earlier.sent_at else soon

    def write(self) -> None:
        self._close({taken.pk for taken in self._replaces.values()})
        join_digests(self._joined)
        Notification.objects.bulk_create(self._rows)
        deliveries = chain.from_iterable(self._deliveries.values())
        DELIVERIES.insert(list(map(attrgetter(*COLUMNS), deliveries)))
        unread = unread_counts(self._people)
        append(list(self._news(unread)), self._now)

    def _close(self, taken: Collection[UUID]) -> None:
        """Take the places: none of the earlier ones may have been read or taken meanwhile."""
        if not taken:
            return
        still = Notification.objects.filter(pk__in=list(taken), open=True)
        if still.update(open=False, listed=False) != len(taken):
            raise StaleRead("a notification was read while another took its place")
        waiting = deliveries_of(taken).filter(
            state__in=[State.PENDING, State.FAILED], is_digest=False
        )
        waiting.update(state=State.SKIPPED, reason=Reason.COLLAPSED, due_at=None)

    def _news(self, unread: Mapping[UUID, int]) -> Iterator[Append]:
        for row in self._rows:
            if not (row.open and row.listed):
                continue
            taken = self._replaces.get(row.pk)
            news = NotificationNewData(
                notification=notification_view(row),
                unread=unread[row.user_id],
                replaces_id=taken.pk if taken is not None and taken.listed else None,
            )
            yield Append(row.user_id, "notification.new", to_json(news))


def join_digests(joined: Mapping[str, Sequence[datetime]]) -> None:
    """Note in the rows of these digests what joined, by when it was made: what is older than the
    digest is told as well. Inside a transaction. Raises ``StaleRead`` where one was claimed
    meanwhile, and might not tell of them any more."""
    for key, made_at in joined.items():
        waiting = Delivery.objects.filter(digest=key)
        if not change_one(waiting, gathered=F("gathered") + len(made_at)):
            raise StaleRead("a digest was claimed while somebody joined it")
        waiting.filter(created_at__gt=min(made_at)).update(created_at=min(made_at))


def _end(delivery: Delivery, reason: Delivery.Reason) -> Delivery:
    delivery.state, delivery.reason = State.SKIPPED, reason
    delivery.due_at, delivery.sent_at = None, None
    return delivery
