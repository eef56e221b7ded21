"""What things cost, in credits, out of this process's memory. Zero is free and books nothing.

No message asks the database for its price, and yet no process is ever behind:

- A price starts at least ``PRICE_LEAD_SECONDS`` after it was written; ``services`` makes sure of
  it in the transaction that writes it.
- What was read is used for ``READ_AGAIN`` at most, and never beyond the start of the next price
  that it knew of.

So a process that read just before a price was committed reads again before that price starts, as
long as the commit, and clocks that differ, take less than the lead without ``READ_AGAIN``: with
the lowest lead that the settings allow that is a minute and a half.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from payments.pricing.models import CreditPrice
from payments.pricing.selectors import ITEMS, next_start, prices_at

__all__ = ["call_rate", "default_price", "forget", "message_price", "public_prices"]

READ_AGAIN: Final = timedelta(seconds=30)

MESSAGE, CALL = CreditPrice.Item.MESSAGE, CreditPrice.Item.CALL


@dataclass(frozen=True, slots=True)
class _Known:
    """What staff have set, by item and medium, as read at ``read_at`` and used before ``until``;
    ``following`` is what will be set from ``following_at`` on, where that is known."""

    read_at: datetime
    until: datetime
    prices: Mapping[tuple[str, str], int]
    following_at: datetime | None
    following: Mapping[tuple[str, str], int]


_known: _Known | None = None


def message_price(kind: str, now: datetime) -> int:
    """Credits for one message of the kind: text, image, audio, video or file."""
    return _price(_known_at(now).prices, MESSAGE, kind)


def call_rate(media: str, now: datetime) -> int:
    """Credits for a minute of a call: audio or video."""
    return _price(_known_at(now).prices, CALL, media)


def public_prices(now: datetime) -> dict[str, Any]:
    """All prices, as ``serializers.PricesSerializer`` describes them. A process may learn of the
    next ones ``READ_AGAIN`` later than another."""
    known = _known_at(now)
    following = None
    if known.following_at is not None:
        following = {"starts_at": known.following_at, **_lists(known.following)}
    return {**_lists(known.prices), "next": following}


def forget() -> None:
    """Read again at the next question."""
    global _known
    _known = None


def _known_at(now: datetime) -> _Known:
    global _known
    known = _known
    if known is None or not known.read_at <= now < known.until:
        known = _known = _read(now)
    return known


def _read(now: datetime) -> _Known:
    start = next_start(now)
    until = now + READ_AGAIN
    return _Known(
        read_at=now,
        until=until if start is None else min(until, start),
        prices=prices_at(now),
        following_at=start,
        following={} if start is None else prices_at(start),
    )


def _price(prices: Mapping[tuple[str, str], int], item: str, media: str) -> int:
    price = prices.get((item, media))
    if price is not None:
        return price
    if media not in ITEMS[item]:
        raise ValueError(f"there is no {item} of {media!r}")
    return default_price(item, media)


def _lists(prices: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """Messages by kind, and minutes of calls by medium."""
    return {
        name: {media: _price(prices, item, media) for media in ITEMS[item]}
        for name, item in (("messages", MESSAGE), ("calls", CALL))
    }


def default_price(item: str, media: str) -> int:
    """What counts where staff have set nothing."""
    unit = "CREDITS" if item == MESSAGE else "CREDITS_PER_MINUTE"
    default: int = getattr(settings, f"PRICE_{item}_{media}_{unit}".upper())
    return default
