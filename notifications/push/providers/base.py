"""What Pairly wants of a push provider. Each is one class behind this protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from notifications.channels import Outcome, Outgoing
from notifications.push.models import PushDevice

__all__ = ["RING", "Answer", "Provider", "Push"]

RING: Final = "ring"
REF_CHARACTERS_MAX: Final = 200
SECONDS_KEPT_MAX: Final = 24 * 3600
"""How long a provider may keep what has no end of its own for a device that is off."""


@dataclass(frozen=True, slots=True)
class Push:
    """One notification on its way to one device."""

    outgoing: Outgoing
    device: PushDevice

    @property
    def is_ring(self) -> bool:
        return self.outgoing.notification_class == RING

    @property
    def tag(self) -> str:
        """What a device shows under this name replaces what it showed before."""
        return self.outgoing.collapse_key or self.outgoing.delivery_id.hex

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds; nothing is sent with 0 left."""
        if self.outgoing.expires_at is None:
            return SECONDS_KEPT_MAX
        left = int((self.outgoing.expires_at - now).total_seconds())
        return min(max(left, 0), SECONDS_KEPT_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider said. ``dead`` addresses are forgotten, unless they registered again after
    ``dead_since``. ``is_ours`` is a fault of our keys or settings, which staff are told of."""

    outcome: Outcome
    detail: str
    ref: str = ""
    retry_after_seconds: int | None = None
    dead: bool = False
    dead_since: datetime | None = None
    is_ours: bool = False

    @classmethod
    def sent(cls, ref: str = "") -> "Answer":
        return cls(outcome=Outcome.SENT, detail="taken", ref=ref[:REF_CHARACTERS_MAX])

    @classmethod
    def gone(cls, detail: str, since: datetime | None = None) -> "Answer":
        return cls(outcome=Outcome.PERMANENT, detail=detail, dead=True, dead_since=since)

    @classmethod
    def refused(cls, detail: str) -> "Answer":
        return cls(outcome=Outcome.PERMANENT, detail=detail)

    @classmethod
    def later(cls, detail: str, after_seconds: int | None = None) -> "Answer":
        return cls(outcome=Outcome.TRANSIENT, detail=detail, retry_after_seconds=after_seconds)

    @classmethod
    def our_fault(cls, detail: str) -> "Answer":
        """To be tried again, since staff can mend it; no address is to blame."""
        return cls(outcome=Outcome.TRANSIENT, detail=detail, is_ours=True)

    @classmethod
    def expired(cls) -> "Answer":
        return cls(outcome=Outcome.NO_ADDRESS, detail="it expired before it could be sent")


class Provider(Protocol):
    is_mock: bool
    needed_settings: tuple[str, ...]

    async def send(self, pushes: Sequence[Push]) -> Sequence[Answer]:
        """One answer for each, in the same order; raises nothing for a provider's failure. Looks
        at ``seconds_left`` right before it sends."""
        ...
