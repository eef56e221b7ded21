"""Staff freeze a person's spending and lift it again."""

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from pairly.accounts.staff_selectors import person
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from pairly.realtime.services import announce
from payments.freezes.models import Freeze
from payments.ledger.accounts import BONUS, FREEZE_STOP, PAID, personal_key
from payments.ledger.books import Books
from payments.selectors import wallet_of
from payments.wallets import Wallet

__all__ = ["freeze_spending", "lift_over", "unfreeze_spending"]


def freeze_spending(
    *,
    actor_id: UUID,
    user_id: UUID,
    reason: str,
    until: datetime | None = None,
    request_id: str = "",
) -> Wallet:
    """Let a person spend nothing, for ever without an end; the wallet afterwards.

    A second freeze replaces the first. What is held already, for a call under way say, is still
    spent. Raises ``NotFound``, ``PermissionDenied`` for oneself, ``ValidationFailed`` without a
    reason or for an end in the past.
    """
    now = clock.now()
    _check(actor_id, user_id, reason)
    if until is not None and until <= now:
        raise ValidationFailed.of("until", "invalid", "The end lies in the past.")
    values = {"actor_id": actor_id, "reason": reason, "frozen_at": now, "until": until}

    def freeze() -> Wallet:
        if person(user_id).deleted_at is not None:
            raise NotFound
        before = Freeze.objects.filter(pk=user_id).first()
        if before is None:
            Freeze(user_id=user_id, **values).save(force_insert=True)
        elif not change_one(_as_read(before), **values):
            raise Conflict("Somebody else changed this freeze at the same moment.")
        after = {"until": clock.to_rfc3339(until) if until else None}
        _mark(user_id, now, frozen=True)
        _record("spending.frozen", actor_id, user_id, reason, request_id, _told(before), after)
        return _announced(user_id, now)

    with suppress(IntegrityError):  # Somebody froze it in between; then that is replaced.
        return run_atomic(freeze)
    return run_atomic(freeze)


def unfreeze_spending(
    *, actor_id: UUID, user_id: UUID, reason: str, request_id: str = ""
) -> Wallet:
    """Let them spend again; the wallet afterwards. Raises ``Conflict`` if nothing is frozen,
    ``PermissionDenied`` for oneself, ``ValidationFailed`` without a reason."""
    now = clock.now()
    _check(actor_id, user_id, reason)

    def unfreeze() -> Wallet:
        before = Freeze.objects.filter(pk=user_id).first()
        if before is None or not _as_read(before).delete()[0]:
            raise Conflict("This person's spending is not frozen.")
        _mark(user_id, now, frozen=False)
        _record("spending.unfrozen", actor_id, user_id, reason, request_id, _told(before), None)
        return _announced(user_id, now)

    return run_atomic(unfreeze)


def lift_over(*, user_id: UUID, now: datetime) -> bool:
    """Lift a freeze whose time is over; False if it was changed or lifted meanwhile."""

    def lift() -> bool:
        if not Freeze.objects.filter(pk=user_id, until__lte=now).delete()[0]:
            return False
        _mark(user_id, now, frozen=False)
        _announced(user_id, now)
        return True

    return run_atomic(lift)


def _check(actor_id: UUID, user_id: UUID, reason: str) -> None:
    if actor_id == user_id:
        raise PermissionDenied("Nobody decides about their own credits.")
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")


def _as_read(freeze: Freeze) -> Any:
    return Freeze.objects.filter(pk=freeze.pk, frozen_at=freeze.frozen_at, until=freeze.until)


def _mark(user_id: UUID, now: datetime, *, frozen: bool) -> None:
    """On the accounts that are spent from: these rows are what spending checks and writes."""
    books = Books(now)
    keys = [personal_key(user_id, kind) for kind in (PAID, BONUS)]
    books.load_keys(keys)
    for key in keys:
        account = books.account(key)
        account.stops = account.stops & ~FREEZE_STOP | (FREEZE_STOP if frozen else 0)
    books.write()


def _announced(user_id: UUID, now: datetime) -> Wallet:
    wallet = wallet_of(user_id)
    announce([user_id], "wallet.updated", wallet.to_dict(), now)
    return wallet


def _told(freeze: Freeze | None) -> dict[str, Any] | None:
    if freeze is None:
        return None
    return {
        "frozen_at": clock.to_rfc3339(freeze.frozen_at),
        "until": clock.to_rfc3339(freeze.until) if freeze.until else None,
    }


def _record(
    what: str,
    actor_id: UUID,
    user_id: UUID,
    reason: str,
    request_id: str,
    before: Any,
    after: Any,
) -> None:
    record(
        actor_id=actor_id,
        action=what,
        target_type="user",
        target_id=user_id,
        reason=reason,
        before=before,
        after=after,
        request_id=request_id,
    )
