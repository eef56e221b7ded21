"""Where media find their way: STUN, and TURN relays with credentials that soon expire.

The scheme is that of coturn's ``use-auth-secret`` (draft-uberti-behave-turn-rest-00): the user name
is ``<seconds since 1970 when it expires>:<user id>``, the password the Base64 of its HMAC-SHA1
under a secret that only we and the relay know. So a relay asks nobody, and nothing is stored.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from calling.models import Call
from calling.states import Status

__all__ = ["ice_servers", "turn_credentials"]


def ice_servers(call: Call, user_id: UUID, now: datetime) -> dict[str, Any]:
    """What one device of a live call may use, as ``serializers.IceServersSerializer`` describes."""
    life_seconds: int = settings.TURN_CREDENTIAL_SECONDS
    expires_at = now + timedelta(seconds=life_seconds)
    servers: list[dict[str, Any]] = []
    if settings.STUN_URLS:
        servers.append({"urls": settings.STUN_URLS})
    if settings.TURN_URLS:
        username, credential = turn_credentials(user_id, expires_at)
        servers.append({"urls": settings.TURN_URLS, "username": username, "credential": credential})
    hidden = settings.CALL_RELAY_ONLY_UNTIL_ACCEPTED and call.status == Status.RINGING
    return {
        "ice_servers": servers,
        "ice_transport_policy": "relay" if hidden else "all",
        "expires_at": expires_at,
        "renew_in_seconds": life_seconds // 2,
    }


def turn_credentials(user_id: UUID, expires_at: datetime) -> tuple[str, str]:
    """User name and password."""
    username = f"{int(expires_at.timestamp())}:{user_id}"
    digest = hmac.new(settings.TURN_SECRET.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
