"""Staff: who they are and which roles they hold.

Every change of a role's holders writes the role's ``RoleChange`` row, so that two changes at once
conflict and the last superadmin stays, on a database whose transactions do not see each other.
"""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db.models import F

from pairly.accounts import roles, selectors
from pairly.accounts.errors import LastSuperadmin
from pairly.accounts.models import RoleChange, User
from pairly.accounts.services.passwords import check_password_strength
from pairly.accounts.services.people import NewUser, create_users
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, NotFound, ValidationFailed

__all__ = ["create_staff", "give_role", "leave_all_roles", "sync_roles", "take_role"]


def sync_roles() -> list[str]:
    """Bring the groups in line with the table of roles; the names of those added."""

    def sync() -> list[str]:
        present = set(Group.objects.values_list("name", flat=True))
        guarded = set(RoleChange.objects.values_list("role", flat=True))
        added = [name for name in roles.ROLES if name not in present]
        Group.objects.bulk_create(Group(name=name) for name in added)
        RoleChange.objects.bulk_create(
            RoleChange(role=name) for name in roles.ROLES if name not in guarded
        )
        return added

    return run_atomic(sync)


def create_staff(*, email: str, password: str, role: str, actor_id: UUID | None = None) -> User:
    """Make a member of staff with one role. An account that exists is given the role and keeps
    its own password. Raises ``ValidationFailed`` for an unknown role or a weak password, and as
    ``give_role``."""
    _check_role(role)
    sync_roles()
    now = clock.now()
    user = selectors.user_by_email(email)
    if user is None:
        name = email.partition("@")[0][:50]
        check_password_strength(password, User(email=email, display_name=name), field="password")
        person = NewUser(
            email=email,
            password_hash=make_password(password),
            display_name=name,
            birth_date=None,
            is_verified=True,
            is_staff=True,
        )

    def create() -> User:
        member = user or create_users(people=[person], bonus=False, now=now)[0]
        give_role(user_id=member.pk, role=role, actor_id=actor_id, reason="create_staff")
        return member

    return run_atomic(create)


def give_role(
    *, user_id: UUID, role: str, actor_id: UUID | None, reason: str, request_id: str = ""
) -> None:
    """Let a person act in a role; once more does nothing.

    Raises ``NotFound``, ``ValidationFailed`` for an unknown role, or ``Conflict``: for an address
    that may be another's, and for who is suspended, since the last superadmin could else leave
    and nobody be able to act.
    """
    _check_role(role)

    def give() -> None:
        user = selectors.present_user(user_id)
        before = selectors.roles_of(user_id)
        if role in before:
            return
        if settings.ROLE_NEEDS_VERIFIED_EMAIL and user.email_verified_at is None:
            raise Conflict("This account has yet to verify its e-mail address.")
        if user.is_suspended_at(clock.now()):
            raise Conflict("This account is suspended.")
        _guard(role)
        user.groups.add(Group.objects.get(name=role))
        User.objects.filter(pk=user_id).update(is_staff=True, listed=False)
        _record(user_id, before, [*before, role], actor_id, reason, request_id)

    run_atomic(give)


def take_role(
    *, user_id: UUID, role: str, actor_id: UUID | None, reason: str, request_id: str = ""
) -> None:
    """Take a role away; who has none left is no longer staff.

    Raises ``LastSuperadmin``, or ``NotFound`` if the person does not hold the role.
    """
    _check_role(role)

    def take() -> None:
        before = selectors.roles_of(user_id)
        if role not in before:
            raise NotFound
        after = [name for name in before if name != role]
        _leave(user_id, role)
        User.objects.filter(pk=user_id).update(is_staff=bool(after))
        _record(user_id, before, after, actor_id, reason, request_id)

    run_atomic(take)


def leave_all_roles(user_id: UUID) -> None:
    """The person goes. Raises ``LastSuperadmin``. Inside a transaction."""
    held = selectors.roles_of(user_id)
    for role in held:
        _leave(user_id, role)
    if held:
        _record(user_id, held, [], user_id, "account deleted", "")


def _leave(user_id: UUID, role: str) -> None:
    _guard(role)
    holders = User.groups.through.objects.filter(group_id=Group.objects.get(name=role).pk)
    if role == roles.SUPERADMIN and not holders.exclude(user_id=user_id).exists():
        raise LastSuperadmin
    holders.filter(user_id=user_id).delete()


def _guard(role: str) -> None:
    """Take part in the order of changes of this role's holders."""
    if not change_one(RoleChange.objects.filter(pk=role), changes=F("changes") + 1):
        raise NotFound("Run `manage.py sync_roles` first.")


def _check_role(role: str) -> None:
    if role not in roles.ROLES:
        known = ", ".join(roles.ROLES)
        raise ValidationFailed.of("role", "invalid", f"The role must be one of {known}.")


def _record(
    user_id: UUID,
    before: list[str],
    after: list[str],
    actor_id: UUID | None,
    reason: str,
    request_id: str,
) -> None:
    record(
        actor_id=actor_id,
        action="user.roles_changed",
        target_type="user",
        target_id=user_id,
        reason=reason,
        before={"roles": before},
        after={"roles": after},
        request_id=request_id,
    )
