"""Staff suspend and restore people."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from pairly.accounts import roles, selectors
from pairly.accounts.errors import LastSuperadmin
from pairly.accounts.events import UserRestored, UserSuspended
from pairly.accounts.models import User
from pairly.audit.services import record, require_reason
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, PermissionDenied, ValidationFailed
from pairly.outbox.services import emit
from pairly.realtime.errors import CloseCode
from pairly.realtime.services import disconnect

__all__ = ["restore_user", "restrict_user", "suspend_user", "unrestrict_user"]


def suspend_user(
    *,
    actor_id: UUID | None,
    user_id: UUID,
    reason: str,
    until: datetime | None = None,
    request_id: str = "",
) -> None:
    """Refuse a person everywhere at once, open sockets included; forever without an end.

    A second suspension replaces the first. Staff are suspended by who may give roles alone.
    Raises ``NotFound``, ``ValidationFailed`` without a reason or for an end in the past,
    ``PermissionDenied``, ``LastSuperadmin``.
    """
    now = clock.now()
    require_reason(reason)
    if until is not None and until <= now:
        raise ValidationFailed.of("until", "invalid", "The end lies in the past.")

    def suspend() -> None:
        user = selectors.present_user(user_id)
        held = selectors.roles_of(user_id)
        if roles.SUPERADMIN in held:
            raise LastSuperadmin("Take the superadmin role away first.")
        _check_may_judge(held, actor_id)
        values = {"suspended_at": now, "suspended_until": until, "suspension_reason": reason}
        _change(user, values)
        record(
            actor_id=actor_id,
            action="user.suspended",
            target_type="user",
            target_id=user_id,
            reason=reason,
            before=_standing(user),
            after=_standing_of(now, until),
            request_id=request_id,
        )
        disconnect(user_id, code=CloseCode.FORBIDDEN)
        emit(UserSuspended(user_id=user_id, at=now))

    run_atomic(suspend)


def restore_user(
    *, actor_id: UUID | None, user_id: UUID, reason: str, request_id: str = ""
) -> None:
    """Lift a suspension; that of staff lifts who may give roles alone. Raises ``NotFound``,
    ``PermissionDenied``, or ``Conflict`` if there is none in force."""
    now = clock.now()

    def restore() -> None:
        user = selectors.present_user(user_id)
        _check_may_judge(selectors.roles_of(user_id), actor_id)
        if not user.is_suspended_at(now):
            raise Conflict("This account is not suspended.")
        _change(user, {"suspended_at": None, "suspended_until": None, "suspension_reason": ""})
        record(
            actor_id=actor_id,
            action="user.restored",
            target_type="user",
            target_id=user_id,
            reason=reason,
            before=_standing(user),
            after=_standing_of(None, None),
            request_id=request_id,
        )
        emit(UserRestored(user_id=user_id, at=now))

    run_atomic(restore)


def restrict_user(
    *, actor_id: UUID | None, user_id: UUID, reason: str, request_id: str = ""
) -> None:
    """Let what the person writes reach nobody, without a word to them, and list them no longer.

    Once more does nothing. Raises ``NotFound``, ``ValidationFailed`` without a reason,
    ``PermissionDenied`` for staff.
    """
    _set_restricted(actor_id, user_id, reason, request_id, since=clock.now())


def unrestrict_user(
    *, actor_id: UUID | None, user_id: UUID, reason: str, request_id: str = ""
) -> None:
    """What the person writes from now on is delivered; what was withheld is not. Raises as
    ``restrict_user``."""
    _set_restricted(actor_id, user_id, reason, request_id, since=None)


def _set_restricted(
    actor_id: UUID | None, user_id: UUID, reason: str, request_id: str, *, since: datetime | None
) -> None:
    require_reason(reason)

    def change() -> None:
        user = selectors.present_user(user_id)
        before = user.shadow_restricted_at
        if (before is None) == (since is None):
            return
        if user.is_staff:
            raise PermissionDenied("Staff are not restricted.")
        as_read = User.objects.filter(pk=user_id, shadow_restricted_at=before)
        if not change_one(as_read, shadow_restricted_at=since):
            raise Conflict("Somebody else changed this account at the same moment.")
        record(
            actor_id=actor_id,
            action="user.unrestricted" if since is None else "user.restricted",
            target_type="user",
            target_id=user_id,
            reason=reason,
            before={"restricted_at": clock.to_rfc3339(before) if before else None},
            after={"restricted_at": clock.to_rfc3339(since) if since else None},
            request_id=request_id,
        )

    run_atomic(change)


def _check_may_judge(held: Collection[str], actor_id: UUID | None) -> None:
    """Whoever holds a role is suspended and restored by who gives them."""
    if not held or actor_id is None:
        return
    if "roles.act" not in roles.permissions_of(selectors.roles_of(actor_id)):
        raise PermissionDenied("Only who may give roles suspends and restores staff.")


def _change(user: User, values: Mapping[str, object]) -> None:
    """Only from the standing that was read, so that ``before`` in the audit log is true."""
    as_read = User.objects.filter(
        pk=user.pk, suspended_at=user.suspended_at, suspended_until=user.suspended_until
    )
    if not change_one(as_read, **values):
        raise Conflict("Somebody else changed this account at the same moment.")


def _standing(user: User) -> dict[str, str | None]:
    return _standing_of(user.suspended_at, user.suspended_until)


def _standing_of(at: datetime | None, until: datetime | None) -> dict[str, str | None]:
    return {
        "suspended_at": clock.to_rfc3339(at) if at else None,
        "suspended_until": clock.to_rfc3339(until) if until else None,
    }
