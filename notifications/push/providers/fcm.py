"""Firebase Cloud Messaging, HTTP v1: google-auth signs in, one POST sends."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import httpx
import requests
from django.conf import settings
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from notifications.push.providers.base import Answer, Push
from notifications.push.providers.http import NoAnswer, http_client, post, retry_after
from notifications.push.providers.payloads import fcm_message
from pairly.core import clock

__all__ = ["Firebase", "credentials_of"]

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
QUOTA_SECONDS: Final = 60
"""What Google asks to wait where it names no time."""


class Firebase:
    is_mock = False
    needed_settings = ("FCM_SERVICE_ACCOUNT_FILE",)

    async def send(self, pushes: Sequence[Push]) -> Sequence[Answer]:
        try:
            credentials = await asyncio.to_thread(_signed_in)
        except (OSError, ValueError) as error:
            return [Answer.our_fault(f"the service account cannot be used: {error}"[:200])] * len(
                pushes
            )
        except GoogleAuthError as error:
            return [_not_signed_in(error)] * len(pushes)
        async with http_client() as client:
            return await asyncio.gather(*(_send(client, credentials, push) for push in pushes))


@lru_cache(maxsize=4)
def credentials_of(path: Path) -> Credentials:
    """Raises ``OSError``, ``ValueError``. Kept for the process, and with it its token."""
    made: Credentials = Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
        str(path), scopes=[SCOPE]
    )
    return made


def _signed_in() -> Credentials:
    """Raises ``GoogleAuthError`` when Google gives no token."""
    credentials = credentials_of(Path(settings.FCM_SERVICE_ACCOUNT_FILE))
    if not credentials.valid:
        with requests.Session() as session:
            session.trust_env = False
            credentials.refresh(_Patient(session))  # type: ignore[no-untyped-call]
    return credentials


class _Patient(Request):
    """The library would wait for two minutes."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        limit = {"timeout": settings.PUSH_TIMEOUT_SECONDS}
        return super().__call__(*arguments, **options | limit)  # type: ignore[no-untyped-call]


def _not_signed_in(error: GoogleAuthError) -> Answer:
    sentence = f"Google gave no token: {type(error).__name__}"
    return Answer.later(sentence) if error.retryable else Answer.our_fault(sentence)


async def _send(client: httpx.AsyncClient, credentials: Credentials, push: Push) -> Answer:
    left = push.seconds_left(clock.now())
    if not left:
        return Answer.expired()
    url = f"{settings.FCM_API_BASE}/v1/projects/{credentials.project_id}/messages:send"
    headers = {"Authorization": f"Bearer {credentials.token}"}
    try:
        response = await post(
            client, url, json={"message": fcm_message(push, left)}, headers=headers
        )
    except NoAnswer as error:
        return Answer.later(f"Firebase did not answer: {error}")
    if response.status_code == 401:
        credentials.token = None  # so that the next batch asks for another
    return _judged(response)


def _judged(response: httpx.Response) -> Answer:
    body = _json(response)
    if response.status_code == 200:
        name = body.get("name")
        if isinstance(name, str):
            return Answer.sent(name)
        return Answer.later("status 200 with an answer of another shape")
    code, is_of_fcm = _error_code(body)
    detail = f"status {response.status_code} {code}".strip()
    if code in ("UNREGISTERED", "SENDER_ID_MISMATCH") or (code == "INVALID_ARGUMENT" and is_of_fcm):
        return Answer.gone(detail)
    if response.status_code in (401, 403, 404):
        return Answer.our_fault(detail)
    if response.status_code == 429:
        return Answer.later(detail, retry_after(response.headers, clock.now()) or QUOTA_SECONDS)
    if response.status_code in (408, 425) or response.status_code >= 500:
        return Answer.later(detail, retry_after(response.headers, clock.now()))
    return Answer.refused(detail)


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _error_code(body: dict[str, Any]) -> tuple[str, bool]:
    """The exact code, and whether it is FCM's own word on the token; else that of the API."""
    error = body.get("error")
    if not isinstance(error, dict):
        return "", False
    details = error.get("details")
    for one in details if isinstance(details, list) else []:
        if isinstance(one, dict) and one.get("@type") == FCM_ERROR:
            return str(one.get("errorCode", ""))[:64], True
    return str(error.get("status", ""))[:64], False
