"""Secrets that are shown once and stored only as hashes."""

import hashlib
import secrets

from django.utils.crypto import salted_hmac

__all__ = ["hash_token", "keyed_hash", "new_code", "new_token"]

TOKEN_BYTES = 32
CODE_DIGITS = 6


def new_token() -> str:
    """256 random bits as URL-safe text."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_code() -> str:
    """Six digits, for people to type."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def hash_token(token: str) -> str:
    """SHA-256 in hex: enough for what is random, and found by an index."""
    return hashlib.sha256(token.encode()).hexdigest()


def keyed_hash(purpose: str, value: str) -> str:
    """HMAC-SHA256 with the server's secret in hex: for what could be guessed from a hash."""
    return salted_hmac(f"pairly.accounts.{purpose}", value, algorithm="sha256").hexdigest()
