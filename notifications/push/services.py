"""Devices come and go."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Model, QuerySet

from notifications.push.addresses import written_alike
from notifications.push.models import MockPush, PushDevice, PushTaken
from pairly.core import clock
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import NotFound

__all__ = [
    "forget_person",
    "note_taken",
    "prune_device",
    "register_device",
    "remove_device",
    "remove_old",
]

REMOVED_AT_ONCE_MAX = 1000
TAKEN_KEPT = timedelta(days=7)
"""Longer than any delivery is tried."""
MOCK_KEPT = timedelta(days=30)


def register_device(
    *,
    user_id: UUID,
    sign_in_id: UUID,
    provider: str,
    address: str,
    p256dh: str = "",
    auth: str = "",
) -> tuple[PushDevice, bool]:
    """Push to this address as long as the sign-in lasts; whether it is a new one is told too.

    Guarded by the address, which is one device's, and by the sign-in, which has one device of each
    provider: a newer address takes the place of the older.
    """
    words = {
        "user_id": user_id,
        "sign_in_id": sign_in_id,
        "provider": provider,
        "address": written_alike(provider, address),
        "p256dh": p256dh,
        "auth": auth,
        "last_seen_at": clock.now(),
    }
    return run_atomic(lambda: _register(words))


def _register(words: dict[str, Any]) -> tuple[PushDevice, bool]:
    digest = _hash(str(words["provider"]), str(words["address"]))
    known = PushDevice.objects.filter(address_hash=digest).first()
    other = PushDevice.objects.filter(sign_in_id=words["sign_in_id"], provider=words["provider"])
    if known is None:
        other.delete()
        return _insert(PushDevice(address_hash=digest, created_at=words["last_seen_at"], **words))
    other.exclude(pk=known.pk).delete()
    unchanged = PushDevice.objects.filter(pk=known.pk, last_seen_at=known.last_seen_at)
    if not change_one(unchanged, **words):
        raise StaleRead(f"the device {known.pk} registered at the same time")
    known.refresh_from_db()
    return known, False


def _insert(device: PushDevice) -> tuple[PushDevice, bool]:
    try:
        device.save(force_insert=True)
    except IntegrityError as error:
        raise StaleRead("the same address or sign-in registered at the same time") from error
    return device, True


def _hash(provider: str, address: str) -> str:
    """Of both sorts of Apple's tokens, which may be alike, each is a device of its own."""
    return hashlib.sha256(f"{provider}\0{address}".encode()).hexdigest()


def remove_device(*, user_id: UUID, device_id: UUID) -> None:
    """Raises ``NotFound``, also for a device of somebody else."""
    device = PushDevice.objects.filter(pk=device_id, user_id=user_id)
    if not run_atomic(lambda: device.delete()[0]):
        raise NotFound


def prune_device(device: PushDevice, *, dead_since: datetime | None) -> None:
    """Forget an address that its provider calls dead, unless the device has registered since it
    was read, or since the provider found nobody there."""
    if dead_since is not None and device.last_seen_at > dead_since:
        return
    same = PushDevice.objects.filter(pk=device.pk, last_seen_at=device.last_seen_at)
    run_atomic(lambda: same.delete())


def note_taken(pairs: Sequence[tuple[UUID, UUID]], *, now: datetime) -> None:
    """Deliveries and the devices that took them; told twice it does no harm."""
    rows = [PushTaken(delivery_id=one, device_id=other, taken_at=now) for one, other in pairs]
    run_atomic(lambda: PushTaken.objects.bulk_create(rows))


def forget_person(user_id: UUID) -> None:
    PushDevice.objects.filter(user_id=user_id).delete()
    MockPush.objects.filter(user_id=user_id).delete()


def remove_old(*, now: datetime) -> int:
    """Delete devices that were not seen for long, and what has lost its use; how many rows."""
    stale = now - timedelta(days=settings.PUSH_DEVICE_STALE_DAYS)
    return (
        _remove(PushDevice.objects.filter(last_seen_at__lte=stale))
        + _remove(PushTaken.objects.filter(taken_at__lte=now - TAKEN_KEPT))
        + _remove(MockPush.objects.filter(created_at__lte=now - MOCK_KEPT))
    )


def _remove(over: "QuerySet[Any]") -> int:
    removed = 0
    while ids := list(over.values_list("pk", flat=True)[:REMOVED_AT_ONCE_MAX]):
        removed += run_atomic(partial(_delete, over.model, ids))
    return removed


def _delete(model: type[Model], ids: list[UUID]) -> int:
    return model._default_manager.filter(pk__in=ids).delete()[0]
