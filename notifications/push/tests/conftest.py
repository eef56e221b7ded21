"""People with devices. What needs settings is imported inside: this is loaded before them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from pairly.accounts.tests.conftest import guest, join

if TYPE_CHECKING:
    from notifications.channels import Outgoing, Result

__all__ = ["guest", "join"]

Send = Callable[..., "Result"]
PATHS = {
    "web_push": "notifications.push.providers.web_push.WebPush",
    "fcm": "notifications.push.providers.fcm.Firebase",
    "apns": "notifications.push.providers.apns.Apple",
    "apns_voip": "notifications.push.providers.apns.Apple",
}


@pytest.fixture
def real_providers(settings: Any) -> None:
    """The real libraries run; the test says where they find their service."""
    settings.PUSH_PROVIDERS = PATHS


@pytest.fixture
def outgoing() -> "Callable[..., Outgoing]":
    from notifications.channels import Outgoing

    def make(user_id: str, **words: Any) -> Outgoing:
        values: dict[str, Any] = {
            "delivery_id": uuid4(),
            "user_id": UUID(user_id),
            "kind": "message.received",
            "notification_class": "social",
            "title": "Ben",
            "body": "नमस्ते, are you there?",
            "html": "",
            "data": {"conversation_id": "c1"},
            "collapse_key": "",
            "expires_at": None,
            "badge": None,
            "unsubscribe_category": "messages",
        }
        return Outgoing(**(values | words))

    return make


@pytest.fixture
def send(outgoing: Any) -> Send:
    """One notification to a person, as the dispatcher would hand it over."""
    from notifications.push.sender import PushSender

    def send_one(user_id: str, **words: Any) -> "Result":
        [result] = PushSender().send([outgoing(user_id, **words)])
        return result

    return send_one
