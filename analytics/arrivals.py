"""What a client sent, looked at event by event: a row to store, or a reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import orjson
from django.conf import settings
from msgspec import Meta

from analytics.models import NAME_CHARACTERS_MAX, SESSION_CHARACTERS_MAX
from analytics.registry import KINDS, Sender
from pairly.core.table import Row

__all__ = ["CLIENT_ID_CHARACTERS_MAX", "EVENTS_MAX", "Arrival", "Rejected", "event_id", "look_at"]

EVENTS_MAX: Final = 500
CLIENT_ID_CHARACTERS_MAX: Final = 64
CONTENT_CHARACTERS_MAX: Final = 2000
DETAIL_CHARACTERS_MAX: Final = 200


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """One event as clients write it."""

    id: Annotated[str, Meta(min_length=1, max_length=CLIENT_ID_CHARACTERS_MAX)]
    name: Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    at: Annotated[datetime, Meta(tz=True)]
    session_id: Annotated[str, Meta(max_length=SESSION_CHARACTERS_MAX)] | None = None
    props: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Rejected:
    """``id`` is the client's, or None where there was no text for one."""

    id: str | None
    code: str
    detail: str


@dataclass(slots=True)
class Arrival:
    """What one person sent at once. ``rows`` are of ``rows.EVENTS`` and each id is there once;
    ``set_aside`` are rows of ``rows.SET_ASIDE``, as many as ``rejected``."""

    user_id: UUID
    rows: dict[str, Row] = field(default_factory=dict)
    set_aside: dict[str, Row] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    repeated: int = 0


class Refused(Exception):
    """With a code and a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail[:DETAIL_CHARACTERS_MAX]
        super().__init__(detail)


def event_id(says: str, name: str) -> str:
    """In hex. Made of who says so and of their name for the event, so that nobody can take the id
    of another's event."""
    return blake2b(f"{says}:{name}".encode(), digest_size=16).hexdigest()


def look_at(
    *,
    user_id: UUID,
    events: Sequence[Any],
    sent_at: datetime | None,
    platform: str,
    now: datetime,
) -> Arrival:
    """Sort a request's events into rows and refusals.

    ``sent_at`` is the client's clock when it sent them. Where it is wrong by more than
    ``ANALYTICS_SKEW_SECONDS_MAX`` the difference is taken off each ``at``.
    """
    skew = _skew(sent_at, now)
    arrival = Arrival(user_id)
    for event in events:
        try:
            row = _row_of(event, user_id.hex, platform, skew, now)
        except Refused as refused:
            _set_aside(arrival, event, refused, now)
            continue
        if row[0] in arrival.rows:
            arrival.repeated += 1
        else:
            arrival.rows[row[0]] = row
    return arrival


def _skew(sent_at: datetime | None, now: datetime) -> timedelta:
    if sent_at is None or abs(now - sent_at) <= timedelta(
        seconds=settings.ANALYTICS_SKEW_SECONDS_MAX
    ):
        return timedelta(0)
    return now - sent_at


def _row_of(event: Any, user_id: str, platform: str, skew: timedelta, now: datetime) -> Row:
    try:
        sent = msgspec.convert(event, Sent)
    except msgspec.ValidationError as error:
        raise Refused("invalid", str(error)) from error
    kind = KINDS.get(sent.name)
    if kind is None:
        raise Refused("unknown_event", f"There is no event {sent.name!r}.")
    if kind.sender is not Sender.CLIENT:
        raise Refused("server_event", f"{sent.name} is told by the server alone.")
    try:
        props = kind.encoded(sent.props)
    except msgspec.ValidationError as error:
        raise Refused("invalid_props", str(error)) from error
    at = _our_time(sent.at, skew, now)
    key = event_id(user_id, sent.id)
    session, day = sent.session_id or "", at.date().isoformat()
    return key, user_id, sent.name, at, session, props, kind.activity, platform, day


def _our_time(at: datetime, skew: timedelta, now: datetime) -> datetime:
    """Cut to the milliseconds that both databases keep."""
    try:
        ours = at.astimezone(now.tzinfo) + skew
    except OverflowError as error:
        raise Refused("invalid", "at is no time that we could keep.") from error
    if ours > now + timedelta(minutes=settings.ANALYTICS_FUTURE_MINUTES_MAX):
        minutes = settings.ANALYTICS_FUTURE_MINUTES_MAX
        raise Refused("in_future", f"at is more than {minutes} minutes ahead of our clock.")
    if ours < now - timedelta(days=settings.ANALYTICS_LATE_DAYS_MAX):
        raise Refused("too_late", f"at is more than {settings.ANALYTICS_LATE_DAYS_MAX} days ago.")
    return ours.replace(microsecond=ours.microsecond // 1000 * 1000)


def _set_aside(arrival: Arrival, event: Any, refused: Refused, now: datetime) -> None:
    known = event if isinstance(event, dict) else {}
    client_id, name = known.get("id"), known.get("name")
    content = orjson.dumps(event).decode()[:CONTENT_CHARACTERS_MAX]
    user_id = arrival.user_id.hex
    key = event_id(user_id, f"{refused.code}:{client_id}:{content}")
    name = name[:NAME_CHARACTERS_MAX] if isinstance(name, str) else ""
    arrival.set_aside[key] = (key, user_id, name, refused.code, refused.detail, content, now)
    shown = client_id if isinstance(client_id, str) else None
    arrival.rejected.append(Rejected(shown, refused.code, refused.detail))
