"""The prices that staff have set, as they stand in the database."""

from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from payments.pricing.models import CreditPrice

__all__ = ["ITEMS", "next_start", "prices_at", "started_price", "upcoming_prices"]

ITEMS: Final[dict[str, tuple[str, ...]]] = {
    CreditPrice.Item.MESSAGE: ("text", "image", "audio", "video", "file"),
    CreditPrice.Item.CALL: ("audio", "video"),
}
"""Everything that has a price: the media of each item."""


def prices_at(moment: datetime) -> dict[tuple[str, str], int]:
    """What was set by item and medium and has started by then; one short seek for each."""
    found = {}
    for item, every_media in ITEMS.items():
        for media in every_media:
            price = started_price(item, media, moment).first()
            if price is not None:
                found[item, media] = price.credits
    return found


def started_price(item: str, media: str, moment: datetime) -> "QuerySet[CreditPrice]":
    """One or none: the price that counts at that moment."""
    started = CreditPrice.objects.filter(item=item, media=media, starts_at__lte=moment)
    return started.order_by("-starts_at", "-id")[:1]


def next_start(moment: datetime) -> datetime | None:
    """When the next price starts, after that moment."""
    price = upcoming_prices(moment).first()
    return price.starts_at if price else None


def upcoming_prices(moment: datetime) -> "QuerySet[CreditPrice]":
    """The first to start after that moment."""
    return CreditPrice.objects.filter(starts_at__gt=moment).order_by("starts_at", "id")[:1]
