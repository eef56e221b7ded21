"""Sending what is due: claim deliveries, decide about each, hand the rest to the senders.

Each lane is run by itself, by any number of workers. A claim is a compare-and-set for the length
of a lease; whatever kills a worker, at any line, the lease lapses and another takes the delivery.
Who dies between a provider's yes and our own commit leaves a delivery that is sent once more, at
least once being chosen over at most once: senders know it by its id, and a receipt that comes
before the lease lapses ends it without a second sending.

What may have changed since somebody was told is asked here and only here: whether it was read,
refused or has expired, whether the person is looking, and whether it is night where they live.
"""

import logging
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F

from notifications.attention import active_users
from notifications.channels import Channel, Outcome, Outgoing, Result, Sender, sender_of
from notifications.kinds import DIGEST, KINDS, Class, Kind, Lane, kind_named
from notifications.models import Delivery, Notification, Preferences
from notifications.preferences.selectors import preferences_of, wants
from notifications.quiet import quiet_until
from notifications.receipts import state_after
from notifications.rendering import render
from notifications.selectors import (
    deliveries_due,
    digested_among,
    next_digest_at,
    open_since,
    unread_counts,
)
from notifications.services.telling import digest_key, join_digests
from pairly.accounts.models import User
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from pairly.core.table import Table

__all__ = ["ATTEMPTS_MAX", "RETRY_AFTER_SECONDS", "dispatch", "dispatch_due"]

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS: Final = (10, 30, 120, 600, 1800, 7200)
ATTEMPTS_MAX: Final = 1 + len(RETRY_AFTER_SECONDS)
JITTER: Final = 0.1
"""So that what failed together does not come back together."""
AT_ONCE: Final = {Lane.RING: 50, Lane.PUSH: 200, Lane.EMAIL: 50}
DIGEST_LINES_MAX: Final = 10
DETAIL_CHARACTERS_MAX: Final = 500

State, Reason = Delivery.State, Delivery.Reason
ZONES = Table(User, "id", "time_zone")
CHANGED = (
    *("state", "reason", "due_at", "claim", "attempts", "is_digest", "digest"),
    *("detail", "provider_ref", "template_version", "sent_at"),
)
CLAIMS = Table(Delivery, "id", "claim", "receipt")
DIGESTS = Table(Delivery, "digest")
DELIVERIES = Table(Delivery, "id", *CHANGED)


def dispatch(lane: Lane) -> int:
    """Send what is due in a lane until nothing is; how many deliveries were looked at."""
    count = 0
    while looked_at := dispatch_due(lane, clock.now()):
        count += looked_at
    return count


def dispatch_due(lane: Lane, now: datetime) -> int:
    """Look at the next ones that are due; how many."""
    token, claimed = _claim(lane, now)
    if not claimed:
        return 0
    batch = _Batch(claimed, now)
    settled = [delivery for delivery in claimed if batch.settles(delivery)]
    _store(token, settled)
    waiting = [delivery for delivery in claimed if delivery.state == State.SENDING]
    _send(batch, waiting)
    _store(token, waiting)
    return len(claimed)


def _claim(lane: Lane, now: datetime) -> tuple[UUID, list[Delivery]]:
    """Take the next ones for the length of the lease, in one statement, so that of several
    workers each gets others."""
    token = new_id()
    lapses = now + timedelta(seconds=settings.NOTIFICATION_LEASE_SECONDS)

    def claim() -> list[UUID]:
        ids = list(deliveries_due(lane, now).values_list("pk", flat=True)[: AT_ONCE[lane]])
        due = Delivery.objects.filter(pk__in=ids, due_at__lte=now)
        taken = {"state": State.SENDING, "claim": token, "due_at": lapses, "digest": None}
        due.update(attempts=F("attempts") + 1, **taken)
        return ids

    ids = run_atomic(claim)
    if not ids:
        return token, []
    mine = Delivery.objects.filter(pk__in=ids, claim=token).select_related("notification")
    return token, [_released(delivery) for delivery in mine.order_by("pk")]


def _released(delivery: Delivery) -> Delivery:
    """As it will be written: whatever becomes of it, nobody holds it then."""
    delivery.claim = None
    return delivery


@dataclass(frozen=True, slots=True)
class _Words:
    """What a delivery says: of one notification, or of all that piled up."""

    title: str
    body: str
    html: str
    version: str
    data: dict[str, str]
    collapse_key: str


class _Batch:
    """What is known of the people of some claimed deliveries; one query of each kind."""

    def __init__(self, claimed: Sequence[Delivery], now: datetime) -> None:
        people = {delivery.user_id for delivery in claimed}
        self._now = now
        self._preferences = preferences_of(people)
        self._zones: dict[UUID, str] = dict(ZONES.select("id", people))
        self._active = active_users(people)
        self._badges = unread_counts(people)

    def settles(self, delivery: Delivery) -> bool:
        """Whether there is nothing to send now: the row says what becomes of it."""
        heard = state_after(State.FAILED, delivery.receipt)
        if heard != State.FAILED:
            _leave(delivery, State(heard))
            return True
        kind = KINDS.get(delivery.kind)
        if kind is None:
            _bury(delivery, "a kind that this version does not know")
            return True
        reason = self._reason_against(delivery, kind)
        if reason is not None:
            _skip(delivery, reason)
            return True
        until = self._quiet_until(delivery.user_id) if kind.notification_class.may_wait else None
        if until is not None:
            _put_off(delivery, until)
        return until is not None

    def _reason_against(self, delivery: Delivery, kind: Kind) -> Delivery.Reason | None:
        notification, of_itself = delivery.notification, not delivery.is_digest
        preferences = self._preferences[delivery.user_id]
        if of_itself and notification.expires_at <= self._now:
            return Reason.EXPIRED
        if of_itself and not wants(preferences, kind, delivery.channel):
            return Reason.REFUSED
        if kind.notification_class in (Class.SECURITY, Class.MONEY):
            shown = kind.notification_class == Class.MONEY and delivery.channel == "push"
            return Reason.ACTIVE if shown and delivery.user_id in self._active else None
        if of_itself and notification.read_at is not None:
            return Reason.READ
        if of_itself and not notification.open:
            return Reason.COLLAPSED
        return Reason.ACTIVE if delivery.user_id in self._active else None

    def _quiet_until(self, user_id: UUID) -> datetime | None:
        wishes = self._preferences[user_id]
        zone = self._zones.get(user_id, "UTC")
        return quiet_until(self._now, zone, wishes.quiet_start, wishes.quiet_end)

    def outgoing(self, delivery: Delivery) -> Outgoing | None:
        """What the sender gets; None when a digest has nothing left to tell."""
        kind, preferences = kind_named(delivery.kind), self._preferences[delivery.user_id]
        told = [delivery.notification]
        if delivery.is_digest:
            told = list(_piled_up(delivery, preferences, self._now))
        if not told:
            return None
        words = _words(told, delivery.channel, preferences.language)
        delivery.template_version = words.version
        refusable = delivery.channel == "email" and kind.notification_class.may_be_refused
        return Outgoing(
            delivery_id=delivery.pk,
            user_id=delivery.user_id,
            kind=told[0].kind if len(told) == 1 else DIGEST,
            notification_class=kind.notification_class.value,
            title=words.title,
            body=words.body,
            html=words.html,
            data=words.data,
            collapse_key=words.collapse_key,
            expires_at=told[-1].expires_at,
            badge=self._badges[delivery.user_id],
            unsubscribe_category=_unsubscribed_by(told) if refusable else "",
            language=preferences.language,
        )


def _piled_up(
    delivery: Delivery, preferences: Preferences, now: datetime
) -> Iterator[Notification]:
    """What began the digest and what joined it, as far as the person has not seen it and takes it
    on its channel. Whatever else is unread there goes out, or went, by itself, or by the next
    digest, which may have begun since this one was tried."""
    rows = open_since(delivery.user_id, delivery.created_at)
    until = next_digest_at(delivery)
    its_own = [row.pk for row in rows if until is None or row.created_at < until]
    gathered = digested_among(its_own, delivery.channel) | {delivery.notification_id}
    for row in rows:
        kind = KINDS.get(row.kind)
        if kind is None or row.pk not in gathered or row.expires_at <= now:
            continue
        if wants(preferences, kind, delivery.channel):
            yield row


def _unsubscribed_by(told: Sequence[Notification]) -> str:
    """Who is told of several at once says no to such mails, and not to one part of them."""
    return DIGEST if len(told) > 1 else kind_named(told[0].kind).category


def _words(told: Sequence[Notification], channel: str, language: str) -> _Words:
    first = told[0]
    if len(told) == 1:
        made = render(first.kind, language, {**first.context, "count": first.count})
        data = {**first.data, "kind": first.kind, "notification_id": str(first.pk)}
        collapse_key = first.collapse_key
    else:
        lines = [row.title for row in told[:DIGEST_LINES_MAX]]
        more = len(told) - len(lines)
        made = render(DIGEST, language, {"count": len(told), "lines": lines, "more": more})
        data, collapse_key = {"kind": DIGEST}, DIGEST
    is_mail = channel == "email"
    body, html = (made.text, made.html) if is_mail else (made.body, "")
    return _Words(made.title, body, html, made.version, data, collapse_key)


def _send(batch: _Batch, waiting: Sequence[Delivery]) -> None:
    """Hand what can be sent to the sender of its channel; one lane has one channel."""
    ready: list[tuple[Delivery, Outgoing]] = []
    for delivery in waiting:
        try:
            outgoing = batch.outgoing(delivery)
        except Exception as error:
            logger.exception("the texts of delivery %s cannot be made", delivery.pk)
            _bury(delivery, f"{type(error).__name__}: {error}")
            continue
        if outgoing is None:
            _skip(delivery, Reason.READ)
        elif delivery.attempts > ATTEMPTS_MAX:
            _bury(delivery, "no attempt ever came to an end")
        else:
            ready.append((delivery, outgoing))
    results = _results(ready)
    now = clock.now()
    for (delivery, _outgoing), result in zip(ready, results, strict=True):
        _note(delivery, result, now)


def _results(ready: Sequence[tuple[Delivery, Outgoing]]) -> Sequence[Result]:
    if not ready:
        return []
    channel: Channel = ready[0][0].channel  # type: ignore[assignment]
    sender: Sender | None = sender_of(channel)
    if sender is None:
        return [Result(Outcome.NO_ADDRESS, "nothing sends on this channel")] * len(ready)
    try:
        results = sender.send([outgoing for _delivery, outgoing in ready])
        if len(results) != len(ready):
            raise AssertionError(f"{len(results)} results of {len(ready)} deliveries")
    except Exception as error:
        logger.exception("the sender of %s failed", channel)
        return [Result(Outcome.TRANSIENT, f"{type(error).__name__}: {error}")] * len(ready)
    return results


def _note(delivery: Delivery, result: Result, now: datetime) -> None:
    """What an attempt makes of the row."""
    delivery.detail = result.detail[:DETAIL_CHARACTERS_MAX]
    delivery.provider_ref = result.provider_ref
    if result.outcome == Outcome.SENT:
        _leave(delivery, State.SENT)
        delivery.sent_at = now
    elif result.outcome == Outcome.NO_ADDRESS:
        _skip(delivery, Reason.NO_ADDRESS)
    elif result.outcome == Outcome.PERMANENT or delivery.attempts >= ATTEMPTS_MAX:
        _bury(delivery, result.detail)
    else:
        _try_again(delivery, result, now)


def _try_again(delivery: Delivery, result: Result, now: datetime) -> None:
    """By the schedule, or when the provider says; not beyond the time it is worth anything."""
    pause = RETRY_AFTER_SECONDS[delivery.attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    at = now + timedelta(milliseconds=int(1000 * max(pause, result.retry_after_seconds or 0)))
    if at >= delivery.notification.expires_at and not delivery.is_digest:
        _skip(delivery, Reason.EXPIRED)
        return
    delivery.state, delivery.due_at = State.FAILED, at


def _skip(delivery: Delivery, reason: Delivery.Reason) -> None:
    _leave(delivery, State.SKIPPED)
    delivery.reason = reason


def _bury(delivery: Delivery, detail: str) -> None:
    """A dead letter: it stays until staff look at it."""
    _leave(delivery, State.DEAD)
    delivery.detail = detail[:DETAIL_CHARACTERS_MAX]


def _leave(delivery: Delivery, state: Delivery.State) -> None:
    delivery.state, delivery.due_at = state, None


def _put_off(delivery: Delivery, until: datetime) -> None:
    """To the end of quiet hours, where one row stands for all that piles up. It was no attempt.

    What was tried before goes alone: a provider may have taken it, and tell us so, when others
    have joined.
    """
    delivery.state, delivery.due_at = State.PENDING, until
    delivery.attempts -= 1
    if not delivery.attempts and not delivery.replays:
        delivery.digest = digest_key(delivery.user_id, delivery.channel)


def _store(token: UUID, settled: Sequence[Delivery]) -> None:
    """Write what became of claimed rows; those whose claim lapsed meanwhile are others' now."""
    if not settled:
        return
    try:
        run_atomic(lambda: _write(token, settled))
    except IntegrityError:  # Two began the same person's digest at once; now one is there.
        run_atomic(lambda: _write(token, settled))


def _write(token: UUID, settled: Sequence[Delivery]) -> None:
    claims = CLAIMS.select("id", [one.pk for one in settled])
    held = {pk: receipt for pk, claim, receipt in claims if claim == token}
    rows = [one for one in settled if one.pk in held]
    if len(rows) < len(settled):
        logger.warning("%d deliveries outlived their lease", len(settled) - len(rows))
    others = {
        digest for (digest,) in DIGESTS.select("digest", {r.digest for r in rows if r.digest})
    }
    joined: dict[str, list[datetime]] = defaultdict(list)
    values = []
    for row in rows:
        changed = {name: getattr(row, name) for name in CHANGED}
        changed |= _heard_meanwhile(row, held[row.pk])
        if row.digest is not None:
            changed |= _digest(row, others, joined)
        values.append((row.pk, token, *changed.values()))
    DELIVERIES.compare_and_set("id", expected=("claim",), new=CHANGED, rows=values)
    join_digests(joined)


def _heard_meanwhile(row: Delivery, receipt: str) -> dict[str, Any]:
    """A mail provider may tell that a mail arrived before we have stored that it was sent."""
    state = state_after(row.state, receipt)
    return {} if state == row.state else {"state": state, "due_at": None}


def _digest(row: Delivery, others: set[str], joined: dict[str, list[datetime]]) -> dict[str, Any]:
    """Begin a digest or join the one that waits; one that tells of others already goes alone."""
    assert row.digest is not None
    if row.digest not in others:
        others.add(row.digest)
        return {"is_digest": True}
    if row.is_digest:
        return {"digest": None}
    joined[row.digest].append(row.created_at)
    ended = {"state": State.SKIPPED, "reason": Reason.DIGESTED, "due_at": None, "digest": None}
    return ended
