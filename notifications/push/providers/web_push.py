"""Web Push (RFC 8030, 8188, 8291, 8292): pywebpush encrypts, py_vapid signs."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx
from pywebpush import WebPusher, WebPushException

from notifications.push.models import PushDevice
from notifications.push.providers.base import Answer, Push
from notifications.push.providers.http import NoAnswer, http_client, post, retry_after
from notifications.push.providers.payloads import topic_of, web_push_payload
from notifications.push.vapid import authorization_for
from pairly.core import clock

__all__ = ["WebPush"]

TAKEN: Final = (200, 201, 202, 204)
GONE: Final = (404, 410)
UNTRUSTED: Final = (401, 403)
ASK_LATER: Final = (408, 425, 429)
URGENCIES: Final = {"ring": "high", "marketing": "low"}
ENCODING: Final = "aes128gcm"


class WebPush:
    is_mock = False
    needed_settings = ("VAPID_PRIVATE_KEY",)

    async def send(self, pushes: Sequence[Push]) -> Sequence[Answer]:
        async with http_client() as client:
            return await asyncio.gather(*(_send(client, push) for push in pushes))


async def _send(client: httpx.AsyncClient, push: Push) -> Answer:
    text = json.dumps(web_push_payload(push), ensure_ascii=False)
    try:
        body = WebPusher(_subscription(push.device)).encode(text.encode(), ENCODING)["body"]
    except (WebPushException, ValueError) as error:
        return Answer.gone(f"the browser's keys are of no use: {error}"[:200])
    left = push.seconds_left(clock.now())
    if not left:
        return Answer.expired()
    try:
        response = await post(
            client, push.device.address, content=body, headers=_headers(push, left)
        )
    except NoAnswer as error:
        return Answer.later(f"the push service did not answer: {error}")
    return _judged(response)


def _subscription(device: PushDevice) -> dict[str, object]:
    keys = {"p256dh": device.p256dh, "auth": device.auth}
    return {"endpoint": device.address, "keys": keys}


def _headers(push: Push, seconds_left: int) -> dict[str, str]:
    address = urlsplit(push.device.address)
    origin = f"{address.scheme}://{address.netloc}"
    headers = {
        "Authorization": authorization_for(origin, int(time.time())),
        "Content-Encoding": ENCODING,
        "Content-Type": "application/octet-stream",
        "TTL": str(seconds_left),
        "Urgency": URGENCIES.get(push.outgoing.notification_class, "normal"),
    }
    if push.outgoing.collapse_key:
        headers["Topic"] = topic_of(push.outgoing.collapse_key)
    return headers


def _judged(response: httpx.Response) -> Answer:
    status = response.status_code
    if status in TAKEN:
        return Answer.sent(response.headers.get("location", ""))
    if status in GONE:
        return Answer.gone(f"the subscription is gone: status {status}")
    if status in UNTRUSTED:
        return Answer.our_fault(f"the push service does not take our VAPID key: status {status}")
    if status in ASK_LATER or status >= 500:
        return Answer.later(f"status {status}", retry_after(response.headers, clock.now()))
    return Answer.refused(f"status {status}")
