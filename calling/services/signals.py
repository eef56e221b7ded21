"""Passing signals between the two devices of a call: descriptions, candidates, wishes to restart.

The server reads none of them. Many at once are one read and a few bulk writes: a call that is set
up sends dozens within a second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec

from calling import clock
from calling.errors import SignalTooLarge, TooManyCandidates
from calling.models import Call, Signalling
from calling.schemas import SignalData, SignalKind
from calling.services.desk import Desk
from calling.services.kept import KEPT, key_of
from calling.services.progress import catch_up
from calling.states import Command, Status, check
from pairly.core.db import on_commit
from pairly.core.errors import Conflict, NotFound, PairlyError
from pairly.core.table import Row, Table
from pairly.realtime.frames import to_json
from pairly.realtime.services import send_ephemeral

__all__ = ["SignalRequest", "SignalResult", "check_signal", "relay_signals"]

DESCRIPTIONS: Final = ("offer", "answer")
DESCRIPTION_BYTES_MAX: Final = 16_384
OTHER_BYTES_MAX: Final = 1024
CANDIDATES_MAX: Final = 64

COUNTED = (
    "version",
    "caller_candidates",
    "callee_candidates",
    "caller_described",
    "callee_described",
)
SIGNALLING = Table(Signalling, "call_id", *COUNTED)
CALLS = Table(Call, "id", "version")


class SignalRequest(msgspec.Struct, frozen=True):
    """``payload`` is JSON."""

    user_id: UUID
    device_id: UUID
    call_id: UUID
    kind: SignalKind
    payload: str


class SignalResult(msgspec.Struct):
    """A signal is no news to who sent it, so it has no ``position``."""

    number: int
    position: int | None = None

    @property
    def ack(self) -> str:
        return to_json({"number": self.number})


def check_signal(
    *, user_id: UUID, device_id: UUID, call_id: UUID, kind: SignalKind, payload: str
) -> SignalRequest:
    """Raises ``SignalTooLarge``: descriptions have 16 KiB, all else 1 KiB."""
    bytes_max = DESCRIPTION_BYTES_MAX if kind in DESCRIPTIONS else OTHER_BYTES_MAX
    if len(payload.encode()) > bytes_max:
        raise SignalTooLarge(f"The payload of this {kind} has more than {bytes_max} bytes.")
    return SignalRequest(user_id, device_id, call_id, kind, payload)


def relay_signals(requests: Sequence[SignalRequest]) -> list[SignalResult | PairlyError]:
    """Keep each signal with its call, and pass it on to the other device unless it rings still.

    Refusals: ``NotFound``, ``Conflict`` (the call is over, the callee has not answered yet, or
    this device is not in it), ``TooManyCandidates``. Nothing of them is kept or passed on.
    """
    exchange = Exchange(_calls_of(requests))
    results = [_attempt(exchange, request) for request in requests]
    exchange.write()
    return results


def _calls_of(requests: Iterable[SignalRequest]) -> dict[UUID, Call]:
    """As time has left them."""
    calls = Call.objects.in_bulk({request.call_id for request in requests})
    desk = Desk(clock.now())
    for call in calls.values():
        catch_up(call, desk)
    desk.write()
    return calls


def _attempt(exchange: "Exchange", request: SignalRequest) -> SignalResult | PairlyError:
    try:
        return SignalResult(exchange.take(request))
    except PairlyError as refusal:
        return refusal


@dataclass(slots=True)
class Count:
    """Where one side of a call stands: its candidates count to its newest description."""

    candidates: int = 0
    described: bool = False


@dataclass(slots=True)
class Talk:
    """What the two have said by now, in memory."""

    call: Call
    stored: Row | None
    number: int = 0
    sides: dict[str, Count] = field(default_factory=lambda: {"caller": Count(), "callee": Count()})

    @property
    def is_waiting(self) -> bool:
        """Whether what is said is but kept, until the callee answers."""
        return self.call.status == Status.RINGING

    @property
    def counts(self) -> Row:
        """In the order of ``COUNTED``."""
        caller, callee = self.sides["caller"], self.sides["callee"]
        return (
            self.number,
            caller.candidates,
            callee.candidates,
            caller.described,
            callee.described,
        )


class Exchange:
    """The signalling of some calls, read once, changed in memory and written once."""

    def __init__(self, calls: dict[UUID, Call]) -> None:
        live = [call for call in calls.values() if call.is_live]
        stored = {row[0]: row for row in SIGNALLING.select("call_id", [c.pk for c in live])}
        self._calls = calls
        self._talks = {call.pk: _talk(call, stored.get(call.pk)) for call in live}
        self._gone: set[str] = set()
        self._kept: dict[str, Row] = {}

    def take(self, request: SignalRequest) -> int:
        """Its number in the call. Raises what ``relay_signals`` names."""
        side = self._checked_side(request)
        talk = self._talks[request.call_id]
        count = talk.sides[side]
        if request.kind == "candidate":
            if count.candidates >= CANDIDATES_MAX:
                raise TooManyCandidates
            place = f"{count.candidates:02d}"
            count.candidates += 1
        elif request.kind == "restart":
            place = "restart"
        else:
            place = "description"
            self._begin_anew(talk, side, request.kind)
        talk.number += 1
        self._keep(key_of(request.call_id, side, place), talk.number, request)
        self._pass_on(talk, request)
        return talk.number

    def write(self) -> None:
        KEPT.delete("id", self._gone)
        KEPT.insert(list(self._kept.values()))
        changed = [talk for talk in self._talks.values() if _changed(talk)]
        first = [talk for talk in changed if talk.stored is None]
        SIGNALLING.insert([(talk.call.pk, *talk.counts) for talk in first])
        guarded = [talk.call for talk in changed if talk.stored is None or talk.is_waiting]
        CALLS.compare_and_set(
            "id",
            expected=("version",),
            new=("version",),
            rows=[(call.pk, call.version, call.version + 1) for call in guarded],
        )
        SIGNALLING.compare_and_set(
            "call_id",
            expected=("version",),
            new=COUNTED,
            rows=[(talk.call.pk, talk.stored[1], *talk.counts) for talk in changed if talk.stored],
        )

    def _checked_side(self, request: SignalRequest) -> str:
        call = self._calls.get(request.call_id)
        if call is None or not call.has(request.user_id):
            raise NotFound("There is no such call.")
        side = call.side_of(request.user_id)
        check(Command.SIGNAL, call.status, is_caller=side == "caller")
        if call.device_of(request.user_id) != request.device_id:
            raise Conflict("This call is on another device.")
        return side

    def _begin_anew(self, talk: Talk, side: str, kind: str) -> None:
        """A description replaces that side's one before, with its candidates; those that came
        before its first one count to it. An offer fulfils the wishes to restart."""
        count, call_id = talk.sides[side], talk.call.pk
        if count.described:
            self._drop(key_of(call_id, side, f"{n:02d}") for n in range(count.candidates))
            count.candidates = 0
        count.described = True
        if kind == "offer":
            self._drop(key_of(call_id, one, "restart") for one in talk.sides)

    def _drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._kept.pop(key, None)
            self._gone.add(key)

    def _keep(self, key: str, number: int, request: SignalRequest) -> None:
        if request.kind != "candidate":
            self._drop([key])
        self._kept[key] = (key, number, request.kind, request.payload)

    def _pass_on(self, talk: Talk, request: SignalRequest) -> None:
        """After the commit, to the other device alone; before the answer there is none."""
        call = talk.call
        if talk.is_waiting:
            return
        peer_id = call.peer_of(request.user_id)
        data = SignalData(
            call.pk, request.user_id, request.kind, msgspec.Raw(request.payload), talk.number
        )
        on_commit(
            partial(
                send_ephemeral, [peer_id], "call.signal", data, device_id=call.device_of(peer_id)
            )
        )


def _talk(call: Call, stored: Row | None) -> Talk:
    if stored is None:
        return Talk(call, None)
    _call_id, number, caller, callee, caller_described, callee_described = stored
    sides = {"caller": Count(caller, caller_described), "callee": Count(callee, callee_described)}
    return Talk(call, stored, number, sides)


def _changed(talk: Talk) -> bool:
    before: Any = talk.stored[1] if talk.stored else 0
    return bool(talk.number != before)
