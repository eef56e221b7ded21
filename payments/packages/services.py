"""Staff decide what is sold. Intents keep the price that they were made for."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import Conflict, NotFound, ValidationFailed
from payments.currencies import CURRENCIES
from payments.packages.models import Package, Price
from payments.packages.selectors import current_prices

__all__ = ["AMOUNT_MINOR_MAX", "change_package", "create_package"]

CODE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
CREDITS_MAX = 1_000_000
AMOUNT_MINOR_MAX = 100_000_000


def create_package(
    *,
    actor_id: UUID | None,
    code: str,
    credits: int,
    prices: Mapping[str, int],
    reason: str,
    now: datetime,
    request_id: str = "",
) -> Package:
    """Put a new package on offer; ``prices`` in minor units by currency, at least one.

    Raises ``ValidationFailed``, or ``Conflict`` when the code is taken.
    """
    if not CODE.fullmatch(code):
        detail = "A code is up to 32 small letters, digits, - and _, a letter first."
        raise ValidationFailed.of("code", "invalid", detail)
    _check(credits, prices)
    if not prices:
        raise ValidationFailed.of("prices", "required", "A package has at least one price.")
    package = Package(code=code, credits=credits, created_at=now)

    def create() -> None:
        package.save(force_insert=True)
        _write_prices(package, prices, now, now)
        record(
            actor_id=actor_id,
            action="package.created",
            target_type="package",
            target_id=code,
            reason=reason,
            after={"credits": credits, "prices": dict(prices)},
            request_id=request_id,
        )

    try:
        run_atomic(create)
    except IntegrityError as error:
        raise Conflict(f"There is a package {code!r} already.") from error
    return package


def change_package(
    *,
    actor_id: UUID | None,
    code: str,
    credits: int | None,
    offered: bool | None,
    prices: Mapping[str, int],
    starts_at: datetime,
    reason: str,
    now: datetime,
    request_id: str = "",
) -> Package:
    """Change what a package holds and whether it is offered at once (None: stays as it is), and
    what it costs from ``starts_at`` on. Of ``prices`` only those that differ become new ones.

    Raises ``ValidationFailed``, ``NotFound``.
    """
    _check(credits, prices)
    if starts_at < now:
        raise ValidationFailed.of("starts_at", "past", "A price starts now or later.")

    def change() -> Package:
        package = Package.objects.filter(code=code).first()
        if package is None:
            raise NotFound
        known = current_prices([code], starts_at)[code]
        fresh = {name: amount for name, amount in prices.items() if known.get(name) != amount}
        before = _described(package, {name: known.get(name) for name in fresh})
        seen = Package.objects.filter(code=code, credits=package.credits, offered=package.offered)
        package.credits = package.credits if credits is None else credits
        package.offered = package.offered if offered is None else offered
        after = _described(package, fresh)
        if before == after:
            return package
        if not change_one(seen, credits=package.credits, offered=package.offered):
            raise StaleRead(f"somebody else changed the package {code}")
        _write_prices(package, fresh, starts_at, now)
        record(
            actor_id=actor_id,
            action="package.changed",
            target_type="package",
            target_id=code,
            reason=reason,
            before=before,
            after={**after, "starts_at": clock.to_rfc3339(starts_at)},
            request_id=request_id,
        )
        return package

    return run_atomic(change)


def _described(package: Package, prices: Mapping[str, int | None]) -> dict[str, Any]:
    return {"credits": package.credits, "offered": package.offered, "prices": dict(prices)}


def _check(credits: int | None, prices: Mapping[str, int]) -> None:
    if credits is not None and not 1 <= credits <= CREDITS_MAX:
        raise ValidationFailed.of("credits", "invalid", f"Credits are 1 to {CREDITS_MAX}.")
    for currency, amount in prices.items():
        if currency not in CURRENCIES:
            raise ValidationFailed.of("prices", "invalid", f"{currency} is not taken.")
        if not 1 <= amount <= AMOUNT_MINOR_MAX:
            raise ValidationFailed.of(f"prices.{currency}", "invalid", "The amount is too large.")
        if amount % CURRENCIES[currency].step_minor:
            detail = f"An amount in {currency} is a multiple of {CURRENCIES[currency].step_minor}."
            raise ValidationFailed.of(f"prices.{currency}", "invalid", detail)


def _write_prices(
    package: Package, prices: Mapping[str, int], starts_at: datetime, now: datetime
) -> None:
    for currency, amount in sorted(prices.items()):
        Price.objects.create(
            package=package,
            currency=currency,
            amount_minor=amount,
            starts_at=starts_at,
            created_at=now,
        )
