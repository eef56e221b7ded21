"""Apple's push service over HTTP/2, by aioapns. Pushes of calls go to the app's VoIP topic."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid5

from aioapns import APNs, NotificationRequest, PushType
from aioapns.common import NotificationResult
from aioapns.connection import (
    APNsKeyConnectionPool,
    APNsProductionClientProtocol,
    JWTAuthorizationHeaderProvider,
)
from aioapns.exceptions import ConnectionClosed, MaxAttemptsExceeded
from django.conf import settings

from notifications.push.models import PushDevice
from notifications.push.providers.base import Answer, Push
from notifications.push.providers.payloads import apns_payload, topic_of
from pairly.core import clock

__all__ = ["Apple"]

logger = logging.getLogger(__name__)

GONE: Final = ("Unregistered", "ExpiredToken", "BadDeviceToken", "DeviceTokenNotForTopic")
LATER: Final = ("429", "500", "503")
STALE_TOKEN: Final = "ExpiredProviderToken"  # noqa: S105
HIGH, NORMAL = 10, 5


class Apple:
    is_mock = False
    needed_settings = ("APNS_KEY_FILE", "APNS_KEY_ID", "APNS_TEAM_ID", "APNS_BUNDLE_ID")

    async def send(self, pushes: Sequence[Push]) -> Sequence[Answer]:
        """The first goes alone: until Apple has seen a good token, it takes one at a time."""
        try:
            client = _client()
        except (OSError, ValueError) as error:
            return [Answer.our_fault(f"the key cannot be used: {error}"[:200])] * len(pushes)
        try:
            first = await _send(client, pushes[0])
            return [first, *await asyncio.gather(*(_send(client, one) for one in pushes[1:]))]
        finally:
            client.pool.close()


class _Protocol(APNsProductionClientProtocol):
    """Where ``APNS_SERVER`` says. An answer that cannot be read ends the connection, quietly."""

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except Exception as error:
            logger.warning("Apple's answer cannot be read: %s", type(error).__name__)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Those who gave up waiting have no use for a failure any more."""
        waiting = self.requests.items()
        self.requests = {key: future for key, future in waiting if not future.done()}
        super().connection_lost(exc)


class _Pool(APNsKeyConnectionPool):
    """The library signs a new token for each connection; Apple refuses who does so too often."""

    async def create_connection(self) -> Any:
        factory = partial(
            self.protocol_class,
            settings.APNS_BUNDLE_ID,
            self.loop,
            self.discard_connection,  # type: ignore[arg-type]
            _token(),
        )
        return await self._create_connection(factory)


@lru_cache(maxsize=4)
def _provider_token(path: Path, key_id: str, team_id: str) -> JWTAuthorizationHeaderProvider:
    return JWTAuthorizationHeaderProvider(key=path.read_text(), key_id=key_id, team_id=team_id)


def _token() -> JWTAuthorizationHeaderProvider:
    return _provider_token(
        Path(settings.APNS_KEY_FILE), settings.APNS_KEY_ID, settings.APNS_TEAM_ID
    )


def _client() -> APNs:
    """For one batch. Raises ``OSError``, ``ValueError`` for a key that cannot be used."""
    _token().get_header()  # type: ignore[no-untyped-call]
    host, _colon, port = settings.APNS_SERVER.partition(":")
    client = APNs(
        key=Path(settings.APNS_KEY_FILE).read_text(),
        key_id=settings.APNS_KEY_ID,
        team_id=settings.APNS_TEAM_ID,
        topic=settings.APNS_BUNDLE_ID,
        err_func=_say_nothing,
    )
    client.pool = _Pool(
        key="",
        key_id="",
        team_id="",
        topic=settings.APNS_BUNDLE_ID,
        max_connections=1,
        max_connection_attempts=1,
        ssl_context=ssl.create_default_context(),
    )
    names = {"APNS_SERVER": host, "APNS_PORT": int(port or 443)}
    client.pool.protocol_class = type("Protocol", (_Protocol,), names)
    return client


async def _say_nothing(_request: NotificationRequest, _result: NotificationResult) -> None:
    """What was refused is told by the answer."""


async def _send(client: APNs, push: Push) -> Answer:
    left = push.seconds_left(clock.now())
    if not left:
        return Answer.expired()
    try:
        async with asyncio.timeout(settings.PUSH_TIMEOUT_SECONDS):
            result = await client.send_notification(_request(push, left))
    except (TimeoutError, ConnectionClosed, MaxAttemptsExceeded, OSError) as error:
        return Answer.later(f"Apple did not answer: {type(error).__name__}")
    return _judged(result)


def _request(push: Push, seconds_left: int) -> NotificationRequest:
    is_call = push.device.provider == PushDevice.Provider.APNS_VOIP
    bundle: str = settings.APNS_BUNDLE_ID
    return NotificationRequest(
        device_token=push.device.address,
        message=apns_payload(push),
        notification_id=str(uuid5(push.outgoing.delivery_id, str(push.device.pk))),
        time_to_live=seconds_left,
        priority=NORMAL if push.outgoing.notification_class == "marketing" else HIGH,
        collapse_key=None if is_call else topic_of(push.tag),
        push_type=PushType.VOIP if is_call else PushType.ALERT,
        apns_topic=f"{bundle}.voip" if is_call else bundle,
    )


def _judged(result: NotificationResult) -> Answer:
    if result.is_successful:
        return Answer.sent(result.notification_id)
    reason = (result.description or "")[:64]
    detail = f"status {result.status} {reason}".strip()
    if reason in GONE:
        return Answer.gone(detail, _since(result.timestamp))
    if reason == STALE_TOKEN:
        _provider_token.cache_clear()
        return Answer.later(detail)
    if result.status == "403":
        return Answer.our_fault(detail)
    if result.status in LATER:
        return Answer.later(detail)
    return Answer.refused(detail)


def _since(timestamp: object) -> datetime | None:
    """Apple tells, in milliseconds, when it last found that nobody is there."""
    return clock.from_milliseconds(timestamp) if isinstance(timestamp, int) else None
