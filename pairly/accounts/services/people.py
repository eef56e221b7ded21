"""People come and change their profiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.db.models import QuerySet

from pairly.accounts import selectors
from pairly.accounts.errors import EmailTaken
from pairly.accounts.events import (
    MailRequested,
    PrivacyChanged,
    ProfileChanged,
    UserRegistered,
)
from pairly.accounts.models import MailedSecret, User
from pairly.accounts.platforms import platform_of
from pairly.accounts.services.devices import Origin, open_device
from pairly.accounts.services.passwords import check_password_strength
from pairly.accounts.services.sign_ins import SignedIn
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import NotAuthenticated, ValidationFailed
from pairly.outbox.services import emit
from pairly.realtime.services import open_feeds

__all__ = ["NewUser", "create_user", "create_users", "register", "update_profile"]

AGE_YEARS_MAX = 120
PUBLIC_TEXTS = ("bio", "display_name")
PRIVACY = frozenset({"show_in_call", "show_last_seen", "show_online_status"})
PROFILE_FIELDS = frozenset(
    {
        "bio",
        "country",
        "display_name",
        "listed",
        "send_read_receipts",
        "show_in_call",
        "show_last_seen",
        "show_online_status",
        "time_zone",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What a person is made of. ``password_hash`` comes from Django's ``make_password``."""

    email: str
    password_hash: str
    display_name: str
    birth_date: date | None
    country: str = ""
    time_zone: str = "UTC"
    platform: str = ""
    is_verified: bool = False
    is_staff: bool = False


def create_users(*, people: Sequence[NewUser], bonus: bool, now: datetime) -> list[User]:
    """Write the people, with an event log each, and tell who listens (wallets are opened).

    Raises ``IntegrityError`` if an address is in use. The one way into the table.
    """

    def create() -> list[User]:
        users = [_user_of(person, now) for person in people]
        User.objects.bulk_create(users)
        open_feeds(user.pk for user in users)
        emit(*(UserRegistered(user_id=user.pk, bonus=bonus, at=now) for user in users))
        return users

    return run_atomic(create)


def create_user(*, person: NewUser, bonus: bool, now: datetime) -> User:
    """Write one person. Raises ``EmailTaken``."""
    try:
        return create_users(people=[person], bonus=bonus, now=now)[0]
    except IntegrityError as error:
        raise _email_taken(person.email, error) from error


def _user_of(person: NewUser, now: datetime) -> User:
    return User(
        email=person.email.strip().lower(),
        email_verified_at=now if person.is_verified else None,
        password=person.password_hash,
        display_name=person.display_name,
        search_name=person.display_name.lower(),
        birth_date=person.birth_date,
        country=person.country,
        time_zone=person.time_zone,
        platform=person.platform,
        listed=not person.is_staff,
        is_staff=person.is_staff,
        terms_version=settings.TERMS_VERSION,
        terms_accepted_at=now,
        last_active_at=now,
        created_at=now,
    )


def register(
    *,
    email: str,
    password: str,
    display_name: str,
    birth_date: date,
    country: str = "",
    time_zone: str = "UTC",
    origin: Origin,
) -> SignedIn:
    """A new adult, signed in; a code to verify the address is mailed. Registering accepts the
    terms in force.

    Raises ``ValidationFailed`` for a minor or a weak password, ``EmailTaken``.
    """
    now = clock.now()
    _check_birth_date(birth_date, now.date())
    candidate = User(email=email, display_name=display_name)
    check_password_strength(password, candidate, field="password")
    if selectors.user_by_email(email) is not None:
        raise EmailTaken
    person = NewUser(
        email=email,
        password_hash=make_password(password),
        display_name=display_name,
        birth_date=birth_date,
        country=country,
        time_zone=time_zone,
        platform=platform_of(origin.user_agent),
    )
    try:
        return run_atomic(lambda: _register(person, origin, now))
    except IntegrityError as error:
        raise _email_taken(email, error) from error


def _register(person: NewUser, origin: Origin, now: datetime) -> SignedIn:
    (user,) = create_users(people=[person], bonus=True, now=now)
    device, token = open_device(user=user, origin=origin, now=now)
    emit(MailRequested(user_id=user.pk, kind=MailedSecret.Purpose.VERIFY_EMAIL.value, at=now))
    return SignedIn(user=user, device=device, token=token)


def _email_taken(email: str, error: IntegrityError) -> Exception:
    """Somebody took the address in between; any other broken constraint is a defect."""
    return EmailTaken() if selectors.user_by_email(email) is not None else error


def _check_birth_date(birth_date: date, today: date) -> None:
    age = User(birth_date=birth_date).age_on(today) or 0
    if not 0 <= age <= AGE_YEARS_MAX or birth_date > today:
        raise ValidationFailed.of("birth_date", "invalid", "This is no plausible birth date.")
    if age < settings.MINIMUM_AGE_YEARS:
        detail = f"You must be at least {settings.MINIMUM_AGE_YEARS} years old."
        raise ValidationFailed.of("birth_date", "too_young", detail)


def update_profile(*, user: User, changes: Mapping[str, Any]) -> User:
    """Change some of ``PROFILE_FIELDS`` of a person; the person as changed.

    Raises ``NotAuthenticated`` when the account was deleted at the same moment, so that nothing
    is written about who has left.
    """
    if unknown := changes.keys() - PROFILE_FIELDS:
        raise ValueError(f"not part of the profile: {sorted(unknown)}")
    mine = User.objects.filter(pk=user.pk, deleted_at=None)
    values = dict(changes)
    if "display_name" in changes:
        values["search_name"] = changes["display_name"].lower()
    if values and not run_atomic(lambda: _change_profile(user, mine, values)):
        raise NotAuthenticated
    for name, value in values.items():
        setattr(user, name, value)
    return user


def _change_profile(user: User, mine: "QuerySet[User]", values: Mapping[str, Any]) -> bool:
    changed = change_one(mine, **values)
    if changed and any(values.get(name, "") for name in PUBLIC_TEXTS):
        emit(ProfileChanged(user_id=user.pk, at=clock.now()))
    if changed and PRIVACY & values.keys():
        emit(PrivacyChanged(user_id=user.pk, at=clock.now()))
    return changed
