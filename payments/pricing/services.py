"""Staff decide what messages and calls cost, from a moment on that lies ahead."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import on_commit, run_atomic
from pairly.core.errors import ValidationFailed
from payments.pricing import price_list
from payments.pricing.models import CreditPrice
from payments.pricing.selectors import ITEMS, prices_at

__all__ = ["change_prices"]

CREDITS_MAX = 100_000
MESSAGE, CALL = CreditPrice.Item.MESSAGE, CreditPrice.Item.CALL


def change_prices(
    *,
    actor_id: UUID | None,
    messages: Mapping[str, int],
    calls: Mapping[str, int],
    starts_at: datetime | None,
    reason: str,
    request_id: str = "",
) -> list[CreditPrice]:
    """Set prices, of messages by kind and of a minute of calls by medium, from ``starts_at`` on;
    None is as soon as may be. Only those are written that differ from what would count then.

    Raises ``ValidationFailed``, also for a start that is less than ``PRICE_LEAD_SECONDS`` ahead.
    """
    prices: dict[tuple[str, str], int] = {
        **{(MESSAGE, kind): credits for kind, credits in messages.items()},
        **{(CALL, media): credits for media, credits in calls.items()},
    }
    _check(prices)

    def change() -> list[CreditPrice]:
        # Taken anew each time the block runs: the lead counts up to the commit.
        now = clock.now()
        start = _start(starts_at, now)
        known = {key: price_list.default_price(*key) for key in prices} | prices_at(start)
        fresh = {key: credits for key, credits in prices.items() if known[key] != credits}
        rows = [_write(item, media, fresh[item, media], start, now) for item, media in fresh]
        if rows:
            record(
                actor_id=actor_id,
                action="prices.changed",
                target_type="prices",
                target_id=clock.to_rfc3339(start),
                reason=reason,
                before={_name(key): known[key] for key in fresh},
                after={_name(key): credits for key, credits in fresh.items()},
                request_id=request_id,
            )
            on_commit(price_list.forget)
        return rows

    return run_atomic(change)


def _check(prices: Mapping[tuple[str, str], int]) -> None:
    for (item, media), credits in prices.items():
        field = f"{item}s.{media}"
        if media not in ITEMS.get(item, ()):
            raise ValidationFailed.of(field, "invalid_choice", "There is no such price.")
        if not 0 <= credits <= CREDITS_MAX:
            detail = f"A price is 0 to {CREDITS_MAX} credits."
            raise ValidationFailed.of(field, "invalid", detail)


def _start(wanted: datetime | None, now: datetime) -> datetime:
    earliest = now + timedelta(seconds=settings.PRICE_LEAD_SECONDS)
    if wanted is None:
        return earliest
    if wanted < earliest:
        detail = f"Prices start at least {settings.PRICE_LEAD_SECONDS} seconds ahead."
        raise ValidationFailed.of("starts_at", "too_soon", detail)
    return wanted


def _write(item: str, media: str, credits: int, starts_at: datetime, now: datetime) -> CreditPrice:
    row = CreditPrice(item=item, media=media, credits=credits, starts_at=starts_at, created_at=now)
    row.save()
    return row


def _name(key: tuple[str, str]) -> str:
    return " ".join(key)
