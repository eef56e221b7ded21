"""What calling announces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["CallConnected", "CallEnded", "CallRinging"]


@dataclass(frozen=True, slots=True)
class CallRinging:
    """Somebody is called, and may join until ``expires_at``; open sockets ring already."""

    call_id: UUID
    caller_id: UUID
    callee_id: UUID
    media: str
    expires_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class CallConnected:
    call_id: UUID
    caller_id: UUID
    callee_id: UUID
    media: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallEnded:
    """``reason`` is one of ``states.Reason``; ``missed`` is what the callee should hear of."""

    call_id: UUID
    caller_id: UUID
    callee_id: UUID
    media: str
    reason: str
    seconds: int
    credits: int
    at: datetime
