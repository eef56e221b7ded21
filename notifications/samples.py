"""What texts are made of when staff look at them: an example for each kind."""

from typing import Any, Final

__all__ = ["SAMPLES"]

SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "message.received": {"sender": "Ava", "count": 3},
    "call.incoming": {"caller": "Ava", "media": "video"},
    "call.missed": {"caller": "Ava", "count": 1},
    "credits.low": {"available": 3},
    "credits.added": {"credits": 20, "reason": "bonus"},
    "payment.completed": {"amount": "₹100.00", "credits": 50},
    "payment.failed": {"amount": "₹100.00"},
    "payment.refunded": {"amount": "₹100.00", "credits": 50},
    "payment.refund_failed": {"amount": "₹100.00"},
    "payment.disputed": {"amount": "₹100.00"},
    "payment.dispute_closed": {"amount": "₹100.00", "won": True},
    "security.new_sign_in": {
        "device": "Ava's phone",
        "address": "203.0.113.7",
        "at": "2026-01-31 12:00",
    },
    "security.password_changed": {"at": "2026-01-31 12:00"},
    "moderation.decided": {"target_type": "photo", "text": "This photo does not show you."},
    "announcement.service": {
        "title": "Pairly rests tonight",
        "body": "From 2 to 3 in the morning we are busy with our servers.",
    },
    "announcement.offer": {
        "title": "More credits this weekend",
        "body": "Until Sunday the large package brings 30 credits more.",
    },
    "digest": {
        "count": 4,
        "lines": ["2 new messages from Ava", "Missed call from Ben"],
        "more": 2,
    },
}
