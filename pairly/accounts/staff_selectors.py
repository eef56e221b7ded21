"""What staff may read of people. Searches seek in an index; none looks at a whole table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Model, Q, QuerySet

from pairly.accounts import roles
from pairly.accounts.models import Device, Report, SignInAttempt, StaffNote, TotpDevice, User
from pairly.accounts.second_factor.selectors import confirmed_device, recovery_codes_left
from pairly.core.errors import NotFound

__all__ = [
    "SecondFactorState",
    "Staff",
    "attempts_of",
    "find_users",
    "names_of",
    "notes_of",
    "person",
    "reports_about",
    "second_factor_of",
    "sign_ins_of",
    "staff_members",
    "starting_with",
]

LAST_CHARACTER = chr(0x10FFFF)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
STAFF_MAX = 1000


def starting_with(column: str, text: str) -> Q:
    """As a range of the column, which both databases seek in an index, unlike a pattern."""
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + LAST_CHARACTER})


def find_users(text: str = "", *, standing: str = "") -> "QuerySet[User]":
    """People by id, or by how their e-mail or display name begins; order by ``-id``.

    ``standing`` narrows to ``suspended`` (also those whose end has passed) or ``staff``.
    """
    found = User.objects.all()
    text = text.strip().lower()
    if text:
        found = found.filter(_named(text))
    if standing == "suspended":
        found = found.filter(suspended_at__gt=EVER)
    elif standing == "staff":
        found = found.filter(is_staff=True)
    return found


def _named(text: str) -> Q:
    try:
        return Q(pk=UUID(text))
    except ValueError:
        return starting_with("email", text) | starting_with("search_name", text)


def person(user_id: UUID) -> User:
    """Anybody, suspended and deleted ones too. Raises ``NotFound``."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound
    return user


def names_of(user_ids: "Sequence[UUID | None]") -> dict[UUID, str]:
    """E-mail addresses by id, in one query; the unknown are left out."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "email"))


def sign_ins_of(user_id: UUID) -> "QuerySet[Device]":
    """All that are kept, ended ones too, most recently used first."""
    return Device.objects.filter(user_id=user_id).order_by("-last_used_at")


def attempts_of(user_id: UUID) -> "QuerySet[SignInAttempt]":
    return SignInAttempt.objects.filter(user_id=user_id).order_by("-id")


def notes_of(user_id: UUID) -> "QuerySet[StaffNote]":
    return StaffNote.objects.filter(user_id=user_id).select_related("author").order_by("-id")


def reports_about(user_id: UUID) -> "QuerySet[Report]":
    """Reports of the person; those of a message or call name that and not the person."""
    return (
        Report.objects.filter(target_id=user_id, target_type=Report.TargetType.USER)
        .select_related("reporter")
        .order_by("-id")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorState:
    enrolled_at: datetime | None
    locked_until: datetime | None
    recovery_codes_left: int


def second_factor_of(user_id: UUID) -> SecondFactorState:
    device = confirmed_device(user_id)
    return SecondFactorState(
        enrolled_at=device.created_at if device else None,
        locked_until=device.locked_until if device else None,
        recovery_codes_left=recovery_codes_left(user_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    user: User
    roles: list[str]
    has_second_factor: bool


def staff_members() -> list[Staff]:
    """Everybody who holds a role, by e-mail, in four queries."""
    groups = dict(Group.objects.filter(name__in=list(roles.ROLES)).values_list("pk", "name"))
    through: type[Model] = User.groups.through
    rows = through._default_manager.filter(group_id__in=list(groups))
    held: dict[UUID, list[str]] = {}
    for user_id, group_id in rows.values_list("user_id", "group_id"):
        held.setdefault(user_id, []).append(groups[group_id])
    users = User.objects.filter(pk__in=list(held)).order_by("email")[:STAFF_MAX]
    enrolled = set(
        TotpDevice.objects.filter(user_id__in=list(held), confirmed=True).values_list(
            "user_id", flat=True
        )
    )
    return [
        Staff(user=user, roles=sorted(held[user.pk]), has_second_factor=user.pk in enrolled)
        for user in users
    ]
