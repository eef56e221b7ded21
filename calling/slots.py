"""Who is in which live call: one row a person, which guards all that must not happen at once."""

from collections.abc import Collection
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F

from calling.models import Slot
from pairly.core.db import StaleRead, change_one

__all__ = ["free", "read_slots", "take", "touch"]


def read_slots(user_ids: Collection[UUID]) -> dict[UUID, Slot]:
    """The people's slots, made where they were never called before. Inside a transaction."""
    slots = Slot.objects.in_bulk(list(user_ids))
    for user_id in user_ids:
        if user_id not in slots:
            slots[user_id] = _made(user_id)
    return slots


def take(slots: Collection[Slot], call_id: UUID) -> None:
    """Put these people, who were read as free, into a call."""
    for slot in slots:
        _write(slot, call_id)


def free(user_ids: Collection[UUID], call_id: UUID) -> None:
    """Both of a call that has ended may be called again."""
    theirs = Slot.objects.filter(user_id__in=list(user_ids), call_id=call_id)
    if theirs.update(call_id=None, version=F("version") + 1) != len(user_ids):
        raise StaleRead(f"the people of call {call_id} are not in it any more")


def touch(user_ids: Collection[UUID]) -> set[UUID]:
    """Make whoever begins or ends a call of these people at the same time do it before or after
    this transaction; the live calls that they are in."""
    slots = read_slots(user_ids).values()
    for slot in slots:
        _write(slot, slot.call_id)
    return {slot.call_id for slot in slots if slot.call_id is not None}


def _made(user_id: UUID) -> Slot:
    slot = Slot(user_id=user_id)
    try:
        slot.save(force_insert=True)
    except IntegrityError as error:
        raise StaleRead("somebody else made this slot") from error
    return slot


def _write(slot: Slot, call_id: UUID | None) -> None:
    as_read = Slot.objects.filter(pk=slot.pk, version=slot.version)
    if not change_one(as_read, call_id=call_id, version=slot.version + 1):
        raise StaleRead(f"{slot} changed meanwhile")
    slot.call_id, slot.version = call_id, slot.version + 1
