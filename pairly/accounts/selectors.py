"""Reads of people, and the one way to get at another person."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet

from pairly.accounts import roles
from pairly.accounts.models import Block, Device, Report, SignInAttempt, User
from pairly.accounts.tokens import keyed_hash
from pairly.core import clock
from pairly.core.errors import NotFound
from pairly.core.table import Row, Table

__all__ = [
    "DirectoryFilter",
    "Standings",
    "addresses_of",
    "blocked_either_way",
    "blocks_of",
    "countable_among",
    "countable_people",
    "device_of_token_hash",
    "devices_of",
    "directory_for",
    "email_hash",
    "hides_read_receipts",
    "is_blocked_between",
    "joined_at",
    "photo_for",
    "platforms_of",
    "present_user",
    "reports_by",
    "roles_of",
    "seen_at_addresses",
    "sign_in_locked_until",
    "signed_in",
    "staff_ids",
    "standings_of",
    "touched_before",
    "user_agents_of",
    "user_by_email",
    "user_exists",
    "user_for",
    "verified_addresses",
    "with_whole_profile",
]

STANDING = ("id", "deleted_at", "suspended_at", "suspended_until", "shadow_restricted_at")
STANDINGS = Table(User, *STANDING)
STANDINGS_IN_HEX = Table(User, *STANDING, hex_ids=True)
SIGN_INS = Table(Device, "id", "expires_at", "ended_at")
DEVICES = Table(Device)
USERS = Table(User)
ADDRESSES = Table(User, "id", "email", "email_verified_at", "deleted_at")
RECEIPTS = Table(User, "id", "send_read_receipts")
COUNTED = Table(
    User,
    *("id", "created_at", "country", "platform", "email", "is_staff", "deleted_at"),
    hex_ids=True,
)
COUNTED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Standings:
    """``active`` exist and are neither suspended nor deleted; what the ``shadowed`` write is to
    reach nobody."""

    active: set[UUID]
    shadowed: set[UUID]


def standings_of(user_ids: Collection[UUID], now: datetime) -> Standings:
    """Who of the people may act, and whom others hear of. One bulk read."""
    rows = STANDINGS.select("id", user_ids)
    shadowed = {row[0] for row in rows if row[-1] is not None}
    return Standings(_active(rows, now), shadowed)


def active_in_hex(user_ids: Collection[str], now: datetime) -> set[str]:
    """Who of the people may act; for heartbeats, whose ids stay as they are stored."""
    return _active(STANDINGS_IN_HEX.select("id", user_ids), now)


def _active(rows: Iterable[Row], now: datetime) -> set[Any]:
    return {
        user_id
        for user_id, deleted_at, suspended_at, until, _shadow in rows
        if deleted_at is None and (suspended_at is None or (until is not None and until <= now))
    }


def hides_read_receipts(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who keep from others what they have read. One bulk read."""
    return {user_id for user_id, sends in RECEIPTS.select("id", user_ids) if not sends}


def countable_people(
    after: UUID | None = None,
) -> Iterator[list[tuple[str, datetime, str, str, str]]]:
    """Everybody who came after that person and is neither staff nor deleted, a few thousand at
    once, in the order of coming: id in hex, when registered, country, platform, e-mail."""
    last = after.hex if after else None
    while rows := COUNTED.range("id", after=last, limit=COUNTED_AT_ONCE):
        yield [row[:5] for row in rows if not row[5] and row[6] is None]
        last = rows[-1][0]


def countable_among(user_ids: Collection[UUID]) -> dict[UUID, str]:
    """Those of the people who are neither staff nor deleted, with their e-mail. One bulk read."""
    rows = COUNTED.select("id", [user_id.hex for user_id in user_ids])
    return {UUID(hex=row[0]): row[4] for row in rows if not row[5] and row[6] is None}


def staff_ids() -> "QuerySet[User, UUID]":
    return User.objects.filter(is_staff=True).values_list("pk", flat=True)


def platforms_of(user_ids: Collection[UUID]) -> dict[UUID, str]:
    """What each of the people registered on."""
    people = User.objects.filter(pk__in=list(user_ids))
    return dict(people.values_list("pk", "platform"))


def user_agents_of(device_ids: Collection[UUID]) -> dict[UUID, str]:
    """What each of the sign-ins was made with."""
    devices = Device.objects.filter(pk__in=list(device_ids))
    return dict(devices.values_list("pk", "user_agent"))


def with_whole_profile(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who have a photo and a bio."""
    people = User.objects.filter(pk__in=list(user_ids), deleted_at=None)
    return set(people.exclude(photo="").exclude(bio="").values_list("pk", flat=True))


def user_exists(user_id: UUID) -> bool:
    """Whether there is or was such a person; suspended and deleted ones count."""
    return User.objects.filter(pk=user_id).exists()


def present_user(user_id: UUID) -> User:
    """Anybody who has not left; staff ask. Raises ``NotFound``."""
    user = User.objects.filter(pk=user_id, deleted_at=None).first()
    if user is None:
        raise NotFound
    return user


def user_by_email(email: str) -> User | None:
    """The person with this address in any spelling of case."""
    return User.objects.filter(email=email.strip().lower()).first()


def user_for(viewer: User, user_id: UUID) -> User:
    """Another person, or oneself, as the viewer may see them.

    Raises ``NotFound`` alike for the unknown, deleted and suspended and for a block either way.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None or not user.may_act_at(clock.now()) or is_blocked_between(viewer.pk, user_id):
        raise NotFound
    return user


def verified_addresses(user_ids: Collection[UUID]) -> dict[UUID, str]:
    """The e-mail addresses of those people who have proved theirs. One bulk read."""
    return {
        user_id: email
        for user_id, email, verified_at, deleted_at in ADDRESSES.select("id", user_ids)
        if verified_at is not None and deleted_at is None
    }


def photo_for(viewer: User, user_id: UUID) -> bytes:
    """A person's photo as JPEG. Raises ``NotFound`` if there is none or it may not be seen."""
    name = user_for(viewer, user_id).photo
    if not name:
        raise NotFound
    try:
        with default_storage.open(name) as file:
            content: bytes = file.read()
    except FileNotFoundError as error:  # replaced since the row was read
        raise NotFound from error
    return content


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryFilter:
    min_age: int | None = None
    max_age: int | None = None
    country: str | None = None


def directory_for(viewer: User, wanted: DirectoryFilter) -> "QuerySet[User]":
    """People to meet; order by ``-last_active_at, -id``, which the indexes serve."""
    now = clock.now()
    people = User.objects.filter(
        Q(suspended_at=None) | Q(suspended_until__lte=now),
        listed=True,
        deleted_at=None,
        is_staff=False,
        shadow_restricted_at=None,
    ).exclude(pk__in=[viewer.pk, *blocked_either_way(viewer.pk)])
    if wanted.country is not None:
        people = people.filter(country=wanted.country)
    if wanted.min_age is not None:
        people = people.filter(birth_date__lte=_years_before(now.date(), wanted.min_age))
    if wanted.max_age is not None:
        people = people.filter(birth_date__gt=_years_before(now.date(), wanted.max_age + 1))
    return people


def _years_before(day: date, years: int) -> date:
    """The latest birth date of who has reached this age on the day. From 29 February it is the
    28th in a common year, since who is born on 1 March is still a day short."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def is_blocked_between(one_id: UUID, other_id: UUID) -> bool:
    """Whether either has blocked the other."""
    return Block.objects.filter(
        Q(blocker_id=one_id, blocked_id=other_id) | Q(blocker_id=other_id, blocked_id=one_id)
    ).exists()


def blocked_either_way(user_id: UUID) -> set[UUID]:
    """Everybody whom this person has blocked or who has blocked this person."""
    pairs = Block.objects.filter(Q(blocker_id=user_id) | Q(blocked_id=user_id))
    return {
        other
        for pair in pairs.values_list("blocker_id", "blocked_id")
        for other in pair
        if other != user_id
    }


def blocks_of(user_id: UUID) -> "QuerySet[Block]":
    return Block.objects.filter(blocker_id=user_id).select_related("blocked")


def device_of_token_hash(token_hash: str) -> Device | None:
    """The sign-in with its user."""
    return _with_user(DEVICES.instances("token_hash", [token_hash]))


def device_of_id(device_id: UUID) -> Device | None:
    """The sign-in with its user."""
    return _with_user(DEVICES.instances("id", [device_id]))


def _with_user(devices: list[Device]) -> Device | None:
    """Every request and every socket asks, and two look-ups by key take a fifth of the time in
    which the ORM puts together one query of both."""
    users = USERS.instances("id", [device.user_id for device in devices])
    if not users:
        return None
    devices[0].user = users[0]
    return devices[0]


def devices_of(user_id: UUID, now: datetime) -> "QuerySet[Device]":
    """Where a person is signed in, most recently used first; at most ``DEVICES_PER_USER_MAX``."""
    return Device.objects.filter(user_id=user_id, ended_at=None, expires_at__gt=now).order_by(
        "-last_used_at"
    )


def signed_in(device_ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Those of the sign-ins that have neither ended nor expired. One bulk read."""
    return {
        device_id
        for device_id, expires_at, ended_at in SIGN_INS.select("id", device_ids)
        if ended_at is None and expires_at > now
    }


def sign_in_locked_until(email: str, now: datetime) -> datetime | None:
    """Until when signing in with the address is refused: while the last so many attempts of the
    window all failed."""
    window = timedelta(minutes=settings.SIGN_IN_FAILURES_WINDOW_MINUTES)
    limit = settings.SIGN_IN_FAILURES_MAX
    attempts = SignInAttempt.objects.filter(
        email_hash=email_hash(email), created_at__gt=now - window
    ).order_by("-created_at")
    newest = list(attempts.values_list("outcome", "created_at")[:limit])
    failed = SignInAttempt.Outcome.FAILED
    if len(newest) < limit or any(outcome != failed for outcome, _at in newest):
        return None
    until: datetime = newest[-1][1] + window
    return until


def email_hash(email: str) -> str:
    """What attempts to sign in are kept by."""
    return keyed_hash("sign-in", email.strip().lower())


def joined_at(user_id: UUID) -> datetime:
    """When the account was made. Raises ``User.DoesNotExist``."""
    made: datetime = User.objects.only("created_at").get(pk=user_id).created_at
    return made


def addresses_of(user_id: UUID) -> set[str]:
    """Where a person's most recently used sign-ins were made from."""
    newest = Device.objects.filter(user_id=user_id).order_by("-last_used_at")
    return set(newest.values_list("address", flat=True)[: settings.DEVICES_PER_USER_MAX])


def seen_at_addresses(
    addresses: Collection[str], *, except_user_id: UUID, since: datetime, limit: int
) -> dict[UUID, datetime]:
    """Who else signed in from one of the addresses, with their last time; ``limit`` sign-ins are
    looked at."""
    if not addresses:
        return {}
    found = Device.objects.filter(address__in=addresses, created_at__gt=since)
    others = found.exclude(user_id=except_user_id).values_list("user_id", "created_at")[:limit]
    seen: dict[UUID, datetime] = {}
    for user_id, at in others:
        seen[user_id] = max(at, seen.get(user_id, at))
    return seen


def touched_before(now: datetime) -> datetime:
    """A sign-in that was last noted as used before this is to be noted again."""
    return now - timedelta(minutes=settings.DEVICE_TOUCH_MINUTES)


def reports_by(user_id: UUID) -> "QuerySet[Report]":
    return Report.objects.filter(reporter_id=user_id).order_by("-id")


def roles_of(user_id: UUID) -> list[str]:
    """The names of a person's staff roles."""
    names = Group.objects.filter(user=user_id).values_list("name", flat=True)
    return sorted(name for name in names if name in roles.ROLES)
