"""Which key signs the chains, which keys are believed, and where signed heads are kept.

In mock mode the key is a file in the data folder, made on first use. In production it comes
from ``LEDGER_SIGNING_KEY`` or ``LEDGER_SIGNING_KEY_FILE`` and is never in the database.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from pairly.core.chain import Head, HeadFile, SigningKey

__all__ = ["append_head", "head_files", "signing_key", "trusted_public_keys"]

KEY_FILE_NAME = "ledger-signing-key"
HEADS_FILE_NAME = "ledger-heads.jsonl"


def signing_key() -> SigningKey:
    """The key of this installation. Raises ``ValueError`` or ``OSError`` if it is unusable."""
    if settings.LEDGER_SIGNING_KEY:
        return _key_of_seed(settings.LEDGER_SIGNING_KEY)
    if settings.LEDGER_SIGNING_KEY_FILE:
        return _key_of_file(Path(settings.LEDGER_SIGNING_KEY_FILE), False)
    if not settings.MOCK_MODE:
        raise ValueError("production signs with LEDGER_SIGNING_KEY or LEDGER_SIGNING_KEY_FILE")
    return _key_of_file(settings.DATA_DIR / KEY_FILE_NAME, True)


def trusted_public_keys() -> list[str]:
    """In hex, the present one first, then those of ``LEDGER_RETIRED_KEYS``."""
    return [signing_key().public_key, *settings.LEDGER_RETIRED_KEYS]


def head_files() -> list[HeadFile]:
    """The file in the data folder, and the one that ``LEDGER_HEADS_FILE`` points to."""
    paths = [settings.DATA_DIR / HEADS_FILE_NAME]
    if settings.LEDGER_HEADS_FILE:
        paths.append(Path(settings.LEDGER_HEADS_FILE))
    return [HeadFile(path) for path in paths]


def append_head(head: Head) -> None:
    """Call after the commit of what the head stands for."""
    for file in head_files():
        file.append(head)


@lru_cache(maxsize=8)
def _key_of_seed(seed_hex: str) -> SigningKey:
    return SigningKey(seed_hex)


@lru_cache(maxsize=8)
def _key_of_file(path: Path, create: bool) -> SigningKey:
    return SigningKey.from_file(path, create=create)
