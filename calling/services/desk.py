"""What every operation on calls shares: changing the row, and telling the two of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from calling import clock
from calling.models import Call
from calling.schemas import ANSWERED_ELSEWHERE, CallEndedData, CallStateData, CallView, call_view
from pairly.core.db import StaleRead, change_one, on_commit
from pairly.core.errors import PairlyError
from pairly.realtime.frames import Origin, to_json
from pairly.realtime.services import Append, append, send_ephemeral
from payments.selectors import wallets_of

__all__ = ["CallResult", "Desk", "change", "one_by_one"]


class HasOrigin(Protocol):
    @property
    def origin(self) -> Origin | None: ...


Request = TypeVar("Request", bound=HasOrigin)


class CallResult(msgspec.Struct):
    """What a command made of a call, as the asker sees it. ``position`` is None when it was no
    news, as for a repeat."""

    call: CallView
    ack: str
    position: int | None = None
    repeated: bool = False


class Desk:
    """What one operation tells people: gathered in order, numbered and written at its end."""

    def __init__(self, now: datetime, origin: Origin | None = None) -> None:
        self.now = now
        self._origin = origin
        self._result: CallResult | None = None
        self._events: list[Append] = []
        self._asked: int | None = None
        self._wallets: set[UUID] = set()
        self._frames: list[Callable[[], None]] = []

    def tell(self, user_id: UUID, event_type: str, data: Any) -> None:
        """A durable event for all devices of a person."""
        self._events.append(Append(user_id, event_type, to_json(data)))

    def tell_both(self, call: Call, event_type: str, make: Callable[[CallView], Any]) -> None:
        """The same for the two, each with the call as they see it."""
        for user_id in call.people:
            self.tell(user_id, event_type, make(call_view(call, user_id)))

    def tell_state(self, call: Call) -> None:
        self.tell_both(call, "call.state", CallStateData)

    def tell_state_to(self, call: Call, user_id: UUID) -> None:
        self.tell(user_id, "call.state", CallStateData(call_view(call, user_id)))

    def tell_wallet(self, user_id: UUID) -> None:
        """Their wallet as it is at the end of the operation, once."""
        self._wallets.add(user_id)

    def tell_elsewhere(self, call: Call, user_id: UUID, **devices: UUID | None) -> None:
        """That the call is on another device, to some of a person's devices (``device_id`` or
        ``except_device_id``)."""
        data = CallEndedData(call_view(call, user_id), ANSWERED_ELSEWHERE, 0, 0)
        self._frames.append(partial(send_ephemeral, [user_id], "call.ended", data, **devices))

    def tell_device(
        self, user_id: UUID, device_id: UUID | None, event_type: str, data: Any
    ) -> None:
        """What one device alone is told, and nobody keeps."""
        self._frames.append(
            partial(send_ephemeral, [user_id], event_type, data, device_id=device_id)
        )

    def answer(self, call: Call, user_id: UUID, ack: Any = None) -> CallResult:
        """The result for who asked: their socket gets the ack in place of the last event that was
        told them, if any was."""
        view = call_view(call, user_id)
        text = to_json({"call": view} if ack is None else ack(view))
        self._result = CallResult(view, text)
        theirs = [n for n, event in enumerate(self._events) if event.user_id == user_id]
        if theirs:
            self._asked = theirs[-1]
            event = self._events[self._asked]
            self._events[self._asked] = Append(
                event.user_id, event.type, event.data, self._origin, text
            )
        return self._result

    def repeat(self, call: Call, user_id: UUID, ack: Any = None) -> CallResult:
        """The result for what was done before."""
        view = call_view(call, user_id)
        text = to_json({"call": view} if ack is None else ack(view))
        return CallResult(view, text, repeated=True)

    def write(self) -> None:
        """Number the events and write them; frames for single devices follow after the commit."""
        if self._wallets:
            for user_id, wallet in wallets_of(self._wallets).items():
                self.tell(user_id, "wallet.updated", wallet)
        positions = append(self._events, self.now)
        if self._asked is not None and self._result is not None:
            self._result.position = positions[self._asked]
        for frame in self._frames:
            on_commit(frame)


def one_by_one(
    act: Callable[[Request, Desk], CallResult],
) -> Callable[[Sequence[Request]], list[CallResult | PairlyError]]:
    """A batched operation of single acts. What an act told is written even if it then refuses:
    whatever it did by then (ended a call whose time was over, say) is done in itself."""

    def operation(requests: Sequence[Request]) -> list[CallResult | PairlyError]:
        now = clock.now()
        return [_attempt(act, request, now) for request in requests]

    operation.__doc__ = act.__doc__
    return operation


def _attempt(
    act: Callable[[Request, Desk], CallResult], request: Request, now: datetime
) -> CallResult | PairlyError:
    desk = Desk(now, request.origin)
    try:
        result: CallResult | PairlyError = act(request, desk)
    except PairlyError as refusal:
        result = refusal
    desk.write()
    return result


def change(call: Call, **values: Any) -> None:
    """Compare and set. Raises ``StaleRead`` if the row is not as it was read."""
    as_read = Call.objects.filter(pk=call.pk, version=call.version)
    if not change_one(as_read, version=call.version + 1, **values):
        raise StaleRead(f"{call} changed meanwhile")
    call.version += 1
    for name, value in values.items():
        setattr(call, name, value)
