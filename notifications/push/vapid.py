"""The key that tells push services who we are (RFC 8292).

Mock mode makes its own in the data folder; production is given ``VAPID_PRIVATE_KEY``. Whoever
changes it loses every browser that subscribed under the old one.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02

from pairly.core.chain import seed_of_file

__all__ = ["authorization_for", "public_key", "vapid_key"]

KEY_FILE_NAME = "vapid-private-key"
TOKEN_SECONDS = 12 * 3600
RENEWED_EACH_SECONDS = 3600


def vapid_key() -> Vapid02:
    """The key of this installation. Raises ``ValueError`` or ``OSError`` if it is unusable."""
    if settings.VAPID_PRIVATE_KEY:
        return _key_of_text(settings.VAPID_PRIVATE_KEY)
    if not settings.MOCK_MODE:
        raise ValueError("production signs with VAPID_PRIVATE_KEY")
    return _key_of_file(settings.DATA_DIR / KEY_FILE_NAME)


def public_key() -> str:
    """What a browser subscribes with: the uncompressed point in URL-safe base64, unpadded."""
    point = vapid_key().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _base64(point)


def authorization_for(origin: str, now_seconds: int) -> str:
    """The Authorization header for a push service. One signature serves it for an hour."""
    issued_hour = now_seconds // RENEWED_EACH_SECONDS
    return _signed(vapid_key(), origin, issued_hour, settings.VAPID_SUBJECT)


@lru_cache(maxsize=64)
def _signed(key: Vapid02, origin: str, issued_hour: int, subject: str) -> str:
    expires = issued_hour * RENEWED_EACH_SECONDS + TOKEN_SECONDS
    headers = key.sign({"aud": origin, "exp": expires, "sub": subject})
    return str(headers["Authorization"])


@lru_cache(maxsize=4)
def _key_of_text(text: str) -> Vapid02:
    try:
        return Vapid02.from_string(text)
    except Exception as error:  # the library raises what its parsers happen to raise
        raise ValueError("VAPID_PRIVATE_KEY cannot be read") from error


@lru_cache(maxsize=4)
def _key_of_file(path: Path) -> Vapid02:
    return Vapid02.from_raw(_base64(bytes.fromhex(seed_of_file(path, create=True))).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
