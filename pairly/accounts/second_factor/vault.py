"""Secrets that must be read again are encrypted at rest, under a key that the database lacks.

AES-256-GCM; the key comes from ``SECRET_KEY`` by HKDF, and whose secret it is, is authenticated
with it, so that a secret copied to another account's row opens nothing. ``SECRET_KEY_FALLBACKS``
still open what was sealed under an earlier key.
"""

import base64
import secrets
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

__all__ = ["open_sealed", "seal"]

PURPOSE = b"pairly.accounts.second_factor.v1"
KEY_BYTES = 32
NONCE_BYTES = 12


def seal(secret: bytes, owner_id: UUID) -> str:
    """The secret as text for the database, for this owner alone."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _cipher(settings.SECRET_KEY).encrypt(nonce, secret, owner_id.bytes)
    return base64.b64encode(nonce + sealed).decode()


def open_sealed(text: str, owner_id: UUID) -> bytes:
    """The secret again. Raises ``InvalidTag`` if no key opens it or it was sealed for another."""
    raw = base64.b64decode(text)
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner_id.bytes)
        except InvalidTag:
            continue
    raise InvalidTag


@lru_cache(maxsize=8)
def _cipher(secret_key: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return AESGCM(derived.derive(secret_key.encode()))
