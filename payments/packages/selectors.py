"""What can be bought now, and for how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from payments.packages.models import Package, Price

__all__ = [
    "Offer",
    "amounts_ever_asked",
    "current_prices",
    "offer_of",
    "offers",
    "package_codes",
    "prices_of",
]


@dataclass(frozen=True, slots=True)
class Offer:
    """A package as it is sold now; ``prices`` in minor units by currency."""

    code: str
    credits: int
    prices: dict[str, int]


def offers(now: datetime) -> list[Offer]:
    """Everything on offer, the smallest package first."""
    return _priced(list(Package.objects.filter(offered=True).order_by("credits", "code")), now)


def offer_of(code: str, now: datetime) -> Offer | None:
    """The package of that code if it is on offer."""
    found = _priced(list(Package.objects.filter(code=code, offered=True)), now)
    return found[0] if found else None


def prices_of(code: str) -> list[Price]:
    """Every price that the package had or will have, the latest start first."""
    return list(Price.objects.filter(package=code).order_by("-starts_at", "-id"))


def package_codes() -> list[str]:
    """Of everything that is or was on offer, the smallest package first."""
    return list(Package.objects.order_by("credits", "code").values_list("code", flat=True))


def current_prices(codes: Sequence[str], now: datetime) -> dict[str, dict[str, int]]:
    """By package, in minor units by currency, whether it is on offer or not."""
    found: dict[str, dict[str, int]] = {code: {} for code in codes}
    started = Price.objects.filter(package__in=list(codes), starts_at__lte=now)
    for price in started.order_by("starts_at", "id"):
        found[price.package_id][price.currency] = price.amount_minor
    return found


def amounts_ever_asked() -> list[tuple[str, int]]:
    """Currency and minor units of every price there ever was, in order."""
    return sorted(set(Price.objects.values_list("currency", "amount_minor")))


def _priced(packages: Sequence[Package], now: datetime) -> list[Offer]:
    prices = current_prices([package.code for package in packages], now)
    return [
        Offer(package.code, package.credits, prices[package.code])
        for package in packages
        if prices[package.code]
    ]
