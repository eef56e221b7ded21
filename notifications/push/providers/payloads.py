"""What a device gets, in each provider's shape. All stay below the 4 KiB that they take."""

import base64
import hashlib
from typing import Any

from notifications.push.models import PushDevice
from notifications.push.providers.base import Push
from notifications.receipts import token_of

__all__ = ["apns_payload", "fcm_message", "payload_of", "topic_of", "web_push_payload"]

TITLE_CHARACTERS_MAX = 100
BODY_CHARACTERS_MAX = 500
TOPIC_CHARACTERS = 32


def topic_of(collapse_key: str) -> str:
    """A collapse key in the letters and the length that Web Push allows."""
    digest = hashlib.sha256(collapse_key.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:TOPIC_CHARACTERS]


def _cut(text: str, characters_max: int) -> str:
    return text if len(text) <= characters_max else text[: characters_max - 1] + "…"


def _receipt(push: Push) -> dict[str, str]:
    """With which the device says that it got this, and that it was opened."""
    return {"receipt": token_of(push.outgoing.delivery_id)}


def _words(push: Push) -> dict[str, str]:
    return {
        "title": _cut(push.outgoing.title, TITLE_CHARACTERS_MAX),
        "body": _cut(push.outgoing.body, BODY_CHARACTERS_MAX),
    }


def web_push_payload(push: Push) -> dict[str, Any]:
    """What the service worker shows."""
    payload: dict[str, Any] = {
        **_words(push),
        "kind": push.outgoing.kind,
        "tag": push.tag,
        "data": dict(push.outgoing.data),
        **_receipt(push),
    }
    if push.outgoing.badge is not None:
        payload["badge"] = push.outgoing.badge
    if push.is_ring:
        payload["ring"] = True
    return payload


def fcm_message(push: Push, seconds_left: int) -> dict[str, Any]:
    """https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages. A ring carries
    data alone, so that the app itself shows the call."""
    android: dict[str, Any] = {"priority": _priority(push), "ttl": f"{seconds_left}s"}
    message: dict[str, Any] = {
        "token": push.device.address,
        "data": {**push.outgoing.data, "kind": push.outgoing.kind, **_receipt(push)},
        "android": android,
    }
    if push.outgoing.collapse_key:
        android["collapse_key"] = topic_of(push.outgoing.collapse_key)
    if push.is_ring:
        message["data"] |= _words(push)
        return message
    message["notification"] = _words(push)
    android["notification"] = {"tag": push.tag}
    if push.outgoing.badge is not None:
        android["notification"]["notification_count"] = push.outgoing.badge
    return message


def apns_payload(push: Push) -> dict[str, Any]:
    """https://developer.apple.com/documentation/usernotifications. Pushes of calls show nothing by
    themselves: the app reports the call to the system."""
    told = {"kind": push.outgoing.kind, "data": dict(push.outgoing.data), **_receipt(push)}
    if push.device.provider == PushDevice.Provider.APNS_VOIP:
        return {"aps": {}, **_words(push), **told}
    aps: dict[str, Any] = {"alert": _words(push), "sound": "default"}
    if push.outgoing.badge is not None:
        aps["badge"] = push.outgoing.badge
    if push.is_ring:
        aps["interruption-level"] = "time-sensitive"
    return {"aps": aps, **told}


def payload_of(push: Push, seconds_left: int) -> dict[str, Any]:
    """What the provider of the device would be given."""
    if push.device.provider == PushDevice.Provider.WEB_PUSH:
        return web_push_payload(push)
    if push.device.provider == PushDevice.Provider.FCM:
        message = fcm_message(push, seconds_left)
        return {name: value for name, value in message.items() if name != "token"}
    return apns_payload(push)


def _priority(push: Push) -> str:
    return "NORMAL" if push.outgoing.notification_class == "marketing" else "HIGH"
