"""The signals of a live call that are kept, for a device that missed them; none beyond its end."""

from uuid import UUID

import msgspec

from calling.models import Call, Signal, Signalling
from calling.schemas import SignalData
from calling.services.desk import Desk
from pairly.core.table import Row, Table

__all__ = ["KEPT", "forget", "key_of", "send_again"]

KEPT = Table(Signal, "id", "number", "kind", "payload")
KEPT_MAX = 1000
"""More than a call can keep: of each side a description, 64 candidates and a restart."""


def key_of(call_id: UUID, side: str, place: str) -> str:
    return f"{call_id.hex}{side}{place}"


def forget(call_id: UUID) -> None:
    """A call is over: inside the transaction that ends it."""
    Signalling.objects.filter(pk=call_id).delete()
    KEPT.delete("id", [row[0] for row in _kept(call_id)])


def send_again(call: Call, user_id: UUID, desk: Desk) -> None:
    """All that the other side's device has said and still counts, in order, to the device that
    this person's side is bound to."""
    peer_id = call.peer_of(user_id)
    prefix = key_of(call.pk, call.side_of(peer_id), "")
    theirs = [row for row in _kept(call.pk) if row[0].startswith(prefix)]
    for _key, number, kind, payload in sorted(theirs, key=lambda row: row[1]):
        data = SignalData(call.pk, peer_id, kind, msgspec.Raw(payload), number, again=True)
        desk.tell_device(user_id, call.device_of(user_id), "call.signal", data)


def _kept(call_id: UUID) -> list[Row]:
    """By the range of their keys."""
    start = key_of(call_id, "", "")
    return KEPT.range("id", after=start, up_to=start + "~", limit=KEPT_MAX)
