"""Credits that staff give to make up for something."""

from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F

from pairly.accounts import roles
from pairly.accounts.selectors import roles_of
from pairly.accounts.staff_selectors import person
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from pairly.staff.models import Goodwill, GoodwillDay
from payments.selectors import wallet_of
from payments.services import Wallet, grant_credits

__all__ = ["GOODWILL_CREDITS_MAX", "give_goodwill", "goodwill_cap"]

GOODWILL_CREDITS_MAX = 1_000_000
"""Beyond this it is a slip of the finger, whoever gives."""


def goodwill_cap(actor_id: UUID) -> int | None:
    """The most that this member of staff may give at once; None without a cap.

    Raises ``PermissionDenied`` for who may give nothing.
    """
    held = roles.permissions_of(roles_of(actor_id))
    if "credits.grant_any" in held:
        return None
    if "credits.grant" not in held:
        raise PermissionDenied
    cap: int = settings.STAFF_GOODWILL_CREDITS_MAX
    return cap


def give_goodwill(
    *,
    actor_id: UUID,
    user_id: UUID,
    credits: int,
    reason: str,
    operation_id: UUID,
    request_id: str = "",
) -> Wallet:
    """Give bonus credits, once per operation id; the wallet afterwards.

    Who has a cap gives at most that much at once, and at most
    ``STAFF_GOODWILL_CREDITS_PER_DAY_MAX`` a day to everybody together. Raises ``NotFound``,
    ``PermissionDenied``, ``ValidationFailed``, ``Conflict`` for an id used for another gift.
    """
    if actor_id == user_id:
        raise PermissionDenied("Nobody gives credits to themselves.")
    cap = goodwill_cap(actor_id)
    _check(credits, reason, cap)
    now = clock.now()
    gift = Goodwill(
        id=operation_id, actor_id=actor_id, user_id=user_id, credits=credits, created_at=now
    )
    day = f"{actor_id.hex}:{now:%Y-%m-%d}"
    _open_day(day)

    def give() -> Wallet:
        if person(user_id).deleted_at is not None:
            raise NotFound
        gift.save(force_insert=True)
        _take_from_day(day, credits, cap)
        before = wallet_of(user_id)
        after = grant_credits(
            owner_id=user_id,
            credits=credits,
            operation=f"goodwill:{operation_id}",
            kind="goodwill",
            now=now,
        )
        record(
            actor_id=actor_id,
            action="credits.granted",
            target_type="user",
            target_id=user_id,
            reason=reason,
            before=before.to_dict(),
            after={**after.to_dict(), "credits": credits, "operation": f"goodwill:{operation_id}"},
            request_id=request_id,
        )
        return after

    try:
        return run_atomic(give)
    except IntegrityError as error:
        return _given_before(gift, error)


def _check(credits: int, reason: str, cap: int | None) -> None:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")
    most = GOODWILL_CREDITS_MAX if cap is None else cap
    if not 1 <= credits <= most:
        detail = f"Your role gives from 1 to {most:,} credits at once."
        raise ValidationFailed.of("credits", "invalid", detail)


def _open_day(day: str) -> None:
    if not GoodwillDay.objects.filter(pk=day).exists():
        with suppress(IntegrityError):  # Somebody opened it in between.
            run_atomic(lambda: GoodwillDay.objects.create(pk=day))


def _take_from_day(day: str, credits: int, cap: int | None) -> None:
    """Count the gift, unless it would go beyond what a day allows who has a cap."""
    today = GoodwillDay.objects.filter(pk=day)
    if cap is not None:
        most: int = settings.STAFF_GOODWILL_CREDITS_PER_DAY_MAX
        today = today.filter(credits__lte=most - credits)
    if not change_one(today, credits=F("credits") + credits):
        detail = f"Your role gives at most {most:,} credits a day; ask somebody with more."
        raise ValidationFailed.of("credits", "daily_cap", detail)


def _given_before(gift: Goodwill, error: IntegrityError) -> Wallet:
    """The same gift asked for again. Any other broken constraint is a defect."""
    first = Goodwill.objects.filter(pk=gift.pk).first()
    if first is None:
        raise error
    asked = (gift.actor_id, gift.user_id, gift.credits)
    if (first.actor_id, first.user_id, first.credits) != asked:
        raise Conflict("This id was used for another gift.")
    return wallet_of(gift.user_id)
