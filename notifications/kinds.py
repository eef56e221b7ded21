"""What people are told of: one table. A kind's texts are in ``templates/notifications/``.

The class decides what may wait and what may be refused; the category is what preferences speak of.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from notifications.channels import Channel

__all__ = ["CATEGORIES", "CHANNELS", "KINDS", "Category", "Class", "Kind", "Lane", "kind_named"]

CHANNELS: Final[tuple[Channel, ...]] = ("in_app", "email", "push")


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


@dataclass(frozen=True, slots=True, kw_only=True)
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


DAY = timedelta(days=1)


def _kinds() -> Iterable[Kind]:
    everywhere: tuple[Channel, ...] = CHANNELS
    quietly: tuple[Channel, ...] = ("in_app", "email")
    yield Kind(
        name="message.received",
        title="New message",
        category="messages",
        notification_class=Class.SOCIAL,
        channels=everywhere,
        expiry=7 * DAY,
        gather=True,
    )
    yield Kind(
        name="call.incoming",
        title="Incoming call",
        category="calls",
        notification_class=Class.RING,
        channels=("push",),
        expiry=timedelta(seconds=30),
    )
    yield Kind(
        name="call.missed",
        title="Missed call",
        category="calls",
        notification_class=Class.SOCIAL,
        channels=everywhere,
        expiry=7 * DAY,
    )
    yield Kind(
        name="credits.low",
        title="Credits are low",
        category="credits",
        notification_class=Class.SOCIAL,
        channels=("in_app", "push"),
        expiry=DAY,
    )
    for name, title, category, channels in (
        ("credits.added", "Credits were added", "credits_added", quietly),
        ("payment.completed", "Payment done", "payments", quietly),
        ("payment.failed", "Payment failed", "payments", quietly),
        ("payment.refunded", "Payment refunded", "payments", everywhere),
        ("payment.refund_failed", "Refund failed", "payments", everywhere),
        ("payment.disputed", "Payment disputed", "payments", everywhere),
        ("payment.dispute_closed", "Dispute decided", "payments", everywhere),
    ):
        yield Kind(
            name=name,
            title=title,
            category=category,
            notification_class=Class.MONEY,
            channels=channels,
            expiry=7 * DAY,
        )
    for name, title, category in (
        ("security.new_sign_in", "New sign-in", "security"),
        ("security.password_changed", "Password changed", "security"),
        ("moderation.decided", "Decision of moderation", "safety"),
    ):
        yield Kind(
            name=name,
            title=title,
            category=category,
            notification_class=Class.SECURITY,
            channels=everywhere,
            expiry=7 * DAY,
        )
    yield Kind(
        name="announcement.service",
        title="News of the service",
        category="news",
        notification_class=Class.SOCIAL,
        channels=everywhere,
        expiry=3 * DAY,
    )
    yield Kind(
        name="announcement.offer",
        title="Offer",
        category="offers",
        notification_class=Class.MARKETING,
        channels=everywhere,
        expiry=3 * DAY,
    )


KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in _kinds()}


def _categories() -> Iterable[Category]:
    for name in dict.fromkeys(kind.category for kind in KINDS.values()):
        kinds = [kind for kind in KINDS.values() if kind.category == name]
        channels = tuple(one for one in CHANNELS if any(one in kind.channels for kind in kinds))
        refusable = {kind.notification_class.may_be_refused for kind in kinds}
        if len(refusable) > 1:
            raise ValueError(f"some kinds of {name} may be refused and some not")
        yield Category(name, channels, refusable.pop())


CATEGORIES: Final[dict[str, Category]] = {one.name: one for one in _categories()}


def kind_named(name: str) -> Kind:
    """Raises ``LookupError`` for a kind of another version of the code."""
    return KINDS[name]
