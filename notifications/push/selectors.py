"""Reads of devices. One whose sign-in has ended is nobody's, and so is never given away here."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from notifications.push.models import PushDevice, PushTaken
from notifications.push.providers.registry import provider_names
from notifications.push.vapid import public_key
from pairly.accounts.selectors import signed_in
from pairly.core import clock

__all__ = [
    "devices_of",
    "devices_of_one",
    "has_device",
    "public_push_keys",
    "taken_of",
]

Provider = PushDevice.Provider


def devices_of(user_ids: Collection[UUID]) -> dict[UUID, list[PushDevice]]:
    """Where each of the people is pushed to, last seen first; two reads."""
    found = PushDevice.objects.filter(user_id__in=user_ids, provider__in=provider_names())
    devices = list(found.order_by("-last_seen_at", "-id"))
    live = signed_in({device.sign_in_id for device in devices}, clock.now())
    theirs: dict[UUID, list[PushDevice]] = {}
    for device in devices:
        if device.sign_in_id in live:
            theirs.setdefault(device.user_id, []).append(device)
    return theirs


def devices_of_one(user_id: UUID) -> list[PushDevice]:
    return devices_of([user_id]).get(user_id, [])


def has_device(user_id: UUID) -> bool:
    return bool(devices_of_one(user_id))


def taken_of(delivery_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Pairs of delivery and device that need nothing any more."""
    taken = PushTaken.objects.filter(delivery_id__in=delivery_ids)
    return set(taken.values_list("delivery_id", "device_id"))


def public_push_keys() -> list[dict[str, Any]]:
    """What clients need to subscribe; Firebase and Apple have theirs in the apps."""
    if Provider.WEB_PUSH not in provider_names():
        return []
    return [{"provider": Provider.WEB_PUSH.value, "public_key": public_key()}]
