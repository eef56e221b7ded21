"""Every kind of event: its properties, who may send it, and whether it counts as activity.

To add one: a structure, a line below. Properties are checked as they arrive and written back in
the structure's order; what is not listed is refused. None may hold text that people wrote, nor the
id of another person.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

__all__ = ["KINDS", "Kind", "Sender", "activity_names", "client_names"]

Word = Annotated[str, Meta(min_length=1, max_length=64)]
Number = Annotated[int, Meta(ge=0, le=2**53)]


class Sender(StrEnum):
    CLIENT = "client"
    SERVER = "server"


class Props(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of all properties."""


class Nothing(Props, frozen=True):
    pass


class Screen(Props, frozen=True):
    screen: Word


class Feature(Props, frozen=True):
    feature: Word


class Found(Props, frozen=True):
    results: Number


class Seconds(Props, frozen=True):
    seconds: Number


class Package(Props, frozen=True):
    package: Word


class Category(Props, frozen=True):
    category: Word


class Message(Props, frozen=True):
    kind: Word
    first: bool


class Media(Props, frozen=True):
    media: Word


class Call(Props, frozen=True):
    media: Word
    seconds: Number
    reason: Word
    credits: Number


class Grade(Props, frozen=True):
    grade: Word


class Purchase(Props, frozen=True):
    amount_minor: Number
    currency: Word
    credits: Number
    provider: Word
    package: Word


class Money(Props, frozen=True):
    amount_minor: Number
    currency: Word


class Closed(Props, frozen=True):
    amount_minor: Number
    currency: Word
    won: bool


class Spent(Props, frozen=True):
    """``for`` is message or call."""

    credits: Number
    for_: Word = msgspec.field(name="for")


@dataclass(frozen=True, slots=True)
class Kind:
    """``activity`` events make a person active on a day: what they did themselves."""

    name: str
    props: type[Props]
    sender: Sender
    activity: bool
    tells: str

    def encoded(self, props: Any) -> str:
        """The properties as they are stored. Raises ``msgspec.ValidationError``."""
        return _encode(msgspec.convert(props, self.props)).decode()


_encode = msgspec.json.Encoder().encode
_C, _S = Sender.CLIENT, Sender.SERVER
_ALL: Final = (
    Kind("session_started", Nothing, _C, True, "The app was opened, or came back to the front"),
    Kind("session_ended", Seconds, _C, False, "The app was left"),
    Kind("screen_viewed", Screen, _C, True, "A screen was shown"),
    Kind("feature_used", Feature, _C, True, "Something was used that has no event of its own"),
    Kind("search_made", Found, _C, True, "People were looked for"),
    Kind("profile_viewed", Nothing, _C, True, "Somebody's profile was opened"),
    Kind("packages_viewed", Nothing, _C, True, "Prices of credits were shown"),
    Kind("purchase_started", Package, _C, True, "A package was chosen"),
    Kind("notification_opened", Category, _C, True, "A notification was tapped"),
    Kind("user.registered", Nothing, _S, True, "An account was made"),
    Kind("profile.completed", Nothing, _S, True, "A profile has a photo and a bio for once"),
    Kind("sign_in", Nothing, _S, True, "Somebody signed in"),
    Kind("conversation.opened", Nothing, _S, True, "Somebody wrote to a person for the first time"),
    Kind("message.sent", Message, _S, True, "A message was stored and charged"),
    Kind("call.ended", Call, _S, True, "A call that they made is over, answered or not"),
    Kind("call.answered", Media, _S, True, "They took a call, and its media are there"),
    Kind("call.quality", Grade, _S, False, "Their device told how good a call was"),
    Kind("purchase.completed", Purchase, _S, True, "Credits were paid and are there"),
    Kind("refund.posted", Money, _S, False, "Money of a purchase was given back"),
    Kind("dispute.opened", Money, _S, False, "A buyer's bank wants money back"),
    Kind("dispute.closed", Closed, _S, False, "It was decided, for us or against us"),
    Kind("credits.spent", Spent, _S, False, "Credits went for a message or a call"),
)
KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in _ALL}


def client_names() -> list[str]:
    return [kind.name for kind in _ALL if kind.sender is Sender.CLIENT]


def activity_names() -> list[str]:
    return [kind.name for kind in _ALL if kind.activity]
