"""What people are told of: one table. A kind's texts are in ``templates/notifications/``.

The class decides what may wait and what may be refused; the category is what preferences speak of.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from notifications.channels import Channel

__all__ = [
    "CATEGORIES",
    "CHANNELS",
    "DIGEST",
    "DIGESTED",
    "KINDS",
    "Category",
    "Class",
    "Kind",
    "Lane",
    "kind_named",
]

CHANNELS: Final[tuple[Channel, ...]] = ("in_app", "email", "push")
DIGEST: Final = "digest"
"""What tells of several notifications at once, of whatever kinds."""


class Class(StrEnum):
    """``RING`` goes out at once or never. ``SECURITY`` and ``MONEY`` cannot be refused. ``SOCIAL``
    and ``MARKETING`` wait for the end of quiet hours; ``MARKETING`` needs the person's consent."""

    RING = "ring"
    SECURITY = "security"
    MONEY = "money"
    SOCIAL = "social"
    MARKETING = "marketing"

    @property
    def may_be_refused(self) -> bool:
        return self not in (Class.SECURITY, Class.MONEY)

    @property
    def may_wait(self) -> bool:
        """Whether quiet hours hold it back, and one message may tell of several."""
        return self in (Class.SOCIAL, Class.MARKETING)


class Lane(StrEnum):
    """Queues that do not wait for each other: a slow mail server delays no ringing."""

    RING = "ring"
    PUSH = "push"
    EMAIL = "email"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """``gather``: what comes so soon after it, of the same collapse key, goes out as one.
    ``expiry``: after that it is not worth sending any more."""

    name: str
    title: str
    category: str
    notification_class: Class
    channels: tuple[Channel, ...]
    expiry: timedelta
    gather: bool = False

    def lane(self, channel: Channel) -> Lane:
        if channel == "in_app":
            return Lane.NONE
        if self.notification_class == Class.RING:
            return Lane.RING
        return Lane(channel)

    def digests(self, channel: Channel) -> bool:
        """Whether on this channel it always waits for what else there will be to tell."""
        return channel == "email" and self.notification_class == Class.SOCIAL


@dataclass(frozen=True, slots=True)
class Category:
    """``channels`` are those of its kinds; ``may_be_refused`` is that of their class."""

    name: str
    channels: tuple[Channel, ...]
    may_be_refused: bool


DAY: Final = timedelta(days=1)
IN_APP_AND_MAIL: Final[tuple[Channel, ...]] = ("in_app", "email")

_KINDS: Final = (
    Kind(
        "message.received", "New message", "messages", Class.SOCIAL, CHANNELS, 7 * DAY, gather=True
    ),
    Kind("call.incoming", "Incoming call", "calls", Class.RING, ("push",), timedelta(seconds=30)),
    Kind("call.missed", "Missed call", "calls", Class.SOCIAL, CHANNELS, 7 * DAY),
    Kind("credits.low", "Credits are low", "credits", Class.SOCIAL, ("in_app", "push"), DAY),
    Kind(
        "credits.added",
        "Credits were added",
        "credits_added",
        Class.MONEY,
        IN_APP_AND_MAIL,
        7 * DAY,
    ),
    Kind("payment.completed", "Payment done", "payments", Class.MONEY, IN_APP_AND_MAIL, 7 * DAY),
    Kind("payment.failed", "Payment failed", "payments", Class.MONEY, IN_APP_AND_MAIL, 7 * DAY),
    Kind("payment.refunded", "Payment refunded", "payments", Class.MONEY, CHANNELS, 7 * DAY),
    Kind("payment.refund_failed", "Refund failed", "payments", Class.MONEY, CHANNELS, 7 * DAY),
    Kind("payment.disputed", "Payment disputed", "payments", Class.MONEY, CHANNELS, 7 * DAY),
    Kind("payment.dispute_closed", "Dispute decided", "payments", Class.MONEY, CHANNELS, 7 * DAY),
    Kind("security.new_sign_in", "New sign-in", "security", Class.SECURITY, CHANNELS, 7 * DAY),
    Kind(
        "security.password_changed",
        "Password changed",
        "security",
        Class.SECURITY,
        CHANNELS,
        7 * DAY,
    ),
    Kind(
        "moderation.decided", "Decision of moderation", "safety", Class.SECURITY, CHANNELS, 7 * DAY
    ),
    Kind("announcement.service", "News of the service", "news", Class.SOCIAL, CHANNELS, 3 * DAY),
    Kind("announcement.offer", "Offer", "offers", Class.MARKETING, CHANNELS, 3 * DAY),
)

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in _KINDS}


def _categories() -> Iterable[Category]:
    for name in dict.fromkeys(kind.category for kind in KINDS.values()):
        kinds = [kind for kind in KINDS.values() if kind.category == name]
        channels = tuple(one for one in CHANNELS if any(one in kind.channels for kind in kinds))
        refusable = {kind.notification_class.may_be_refused for kind in kinds}
        if len(refusable) > 1:
            raise ValueError(f"some kinds of {name} may be refused and some not")
        yield Category(name, channels, refusable.pop())


CATEGORIES: Final[dict[str, Category]] = {one.name: one for one in _categories()}
DIGESTED: Final = tuple(
    dict.fromkeys(
        kind.category
        for kind in KINDS.values()
        if kind.notification_class.may_wait and "email" in kind.channels
    )
)
"""The categories that a mail of several may tell of."""


def kind_named(name: str) -> Kind:
    """Raises ``LookupError`` for a kind of another version of the code."""
    return KINDS[name]
