"""What push adds to a person's own data; addresses are secrets of the devices."""

from typing import Any
from uuid import UUID

from notifications.push.models import PushDevice

__all__ = ["push_devices_of"]


def push_devices_of(user_id: UUID) -> list[dict[str, Any]]:
    devices = PushDevice.objects.filter(user_id=user_id).order_by("-last_seen_at")
    return [dict(row) for row in devices.values("id", "provider", "created_at", "last_seen_at")]
