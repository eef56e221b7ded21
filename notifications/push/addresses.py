"""Whether an address can be one of its provider, and whether we dare to call it.

A Web Push endpoint is an address on the net that a client tells us to call. Only those of known
push services are taken, so that nobody has us call what is behind our own walls.
"""

import re
from base64 import urlsafe_b64decode
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

__all__ = ["is_auth_secret", "is_browser_key", "is_push_endpoint", "is_token", "written_alike"]

ENDPOINT: Final = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?/[\x21-\x7e]+")
TOKENS: Final = {
    "fcm": re.compile(r"[\w:.-]{20,1024}", re.ASCII),
    "apns": re.compile(r"[0-9A-Fa-f]{64,200}"),
    "apns_voip": re.compile(r"[0-9A-Fa-f]{64,200}"),
}
AUTH_BYTES: Final = 16


def is_token(provider: str, address: str) -> bool:
    return TOKENS[provider].fullmatch(address) is not None


def written_alike(provider: str, address: str) -> str:
    """One spelling of each device: Apple's tokens are hex, in which case says nothing."""
    return address.lower() if provider.startswith("apns") else address


def is_push_endpoint(address: str) -> bool:
    """Of one of ``WEB_PUSH_ORIGINS``, in which ``*`` stands for anything."""
    if not ENDPOINT.fullmatch(address):
        return False
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    return any(fnmatchcase(origin, pattern) for pattern in settings.WEB_PUSH_ORIGINS)


def is_browser_key(text: str) -> bool:
    """A point of P-256, as ``PushSubscription.getKey("p256dh")`` gives it, in base64."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(text))
    except ValueError:
        return False
    return True


def is_auth_secret(text: str) -> bool:
    try:
        return len(_bytes(text)) == AUTH_BYTES
    except ValueError:
        return False


def _bytes(text: str) -> bytes:
    """Raises ``ValueError``."""
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
