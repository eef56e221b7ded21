"""Codes of authenticators (RFC 6238 over RFC 4226) and recovery codes; nothing is stored here."""

import base64
import secrets
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote, urlencode

from django.utils.crypto import constant_time_compare
from django_otp.oath import hotp

from pairly.core import clock

__all__ = [
    "STEP_SECONDS",
    "code_of_step",
    "is_totp_code",
    "matching_steps",
    "new_recovery_code",
    "new_secret",
    "normal_recovery_code",
    "secret_text",
    "setup_uri",
    "step_at",
]

STEP_SECONDS = 30
DRIFT_STEPS = 1
DIGITS = 6
SECRET_BYTES = 20
ISSUER = "Pairly"
RECOVERY_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
RECOVERY_CHARACTERS = 16
RECOVERY_GROUP = 4


def new_secret() -> bytes:
    """160 random bits, as RFC 4226 recommends."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """Base32, for people to type into an authenticator."""
    return base64.b32encode(secret).decode()


def setup_uri(secret: bytes, email: str) -> str:
    """What the QR code says; authenticators read it."""
    label = quote(f"{ISSUER}:{email}", safe="")
    values = {"secret": secret_text(secret), "issuer": ISSUER, "digits": DIGITS}
    return f"otpauth://totp/{label}?{urlencode({**values, 'period': STEP_SECONDS})}"


def step_at(now: datetime) -> int:
    return clock.to_milliseconds(now) // (STEP_SECONDS * 1000)


def code_of_step(secret: bytes, step: int) -> str:
    return f"{hotp(secret, step, DIGITS):0{DIGITS}d}"


def is_totp_code(code: str) -> bool:
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def matching_steps(secret: bytes, code: str, now: datetime) -> Iterator[int]:
    """The time steps whose code this is, the latest first; clocks may differ by one step."""
    current = step_at(now)
    for step in range(current + DRIFT_STEPS, current - DRIFT_STEPS - 1, -1):
        if constant_time_compare(code_of_step(secret, step), code):
            yield step


def new_recovery_code() -> str:
    """80 random bits in four groups, without letters and digits that look alike."""
    drawn = [secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_CHARACTERS)]
    groups = range(0, RECOVERY_CHARACTERS, RECOVERY_GROUP)
    return "-".join("".join(drawn[start : start + RECOVERY_GROUP]) for start in groups)


def normal_recovery_code(text: str) -> str:
    """The code without its spelling: dashes, spaces and case do not matter."""
    return "".join(character for character in text.upper() if character.isalnum())
