"""What accounts add to a person's own data."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from pairly.accounts import selectors
from pairly.accounts.models import Block, Device, SignInAttempt, User

__all__ = ["PARTS"]


def account_of(user_id: UUID) -> dict[str, Any]:
    names = (
        "id",
        "email",
        "email_verified_at",
        "display_name",
        "birth_date",
        "bio",
        "country",
        "time_zone",
        "platform",
        "photo",
        "listed",
        "show_online_status",
        "show_last_seen",
        "show_in_call",
        "send_read_receipts",
        "terms_version",
        "terms_accepted_at",
        "last_active_at",
        "created_at",
    )
    return dict(User.objects.values(*names).get(pk=user_id))


def devices_of(user_id: UUID) -> list[dict[str, Any]]:
    names = ("id", "name", "address", "user_agent", "created_at", "last_used_at", "ended_at")
    devices = Device.objects.filter(user_id=user_id).order_by("-last_used_at")
    return [dict(row) for row in devices.values(*names)]


def sign_ins_of(user_id: UUID) -> list[dict[str, Any]]:
    attempts = SignInAttempt.objects.filter(user_id=user_id)
    names = ("outcome", "address", "created_at")
    return [dict(row) for row in attempts.order_by("-id").values(*names)]


def blocks_of(user_id: UUID) -> list[dict[str, Any]]:
    blocks = Block.objects.filter(blocker_id=user_id)
    return [dict(row) for row in blocks.order_by("-id").values("blocked_id", "created_at")]


def reports_of(user_id: UUID) -> list[dict[str, Any]]:
    names = ("id", "target_type", "target_id", "reason", "details", "status", "created_at")
    return [dict(row) for row in selectors.reports_by(user_id).values(*names)]


PARTS: Final[dict[str, Callable[[UUID], Any]]] = {
    "account": account_of,
    "blocks": blocks_of,
    "devices": devices_of,
    "reports": reports_of,
    "sign_ins": sign_ins_of,
}
