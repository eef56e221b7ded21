"""Accounts by name: whose, what for, in which asset.

What a person owns keeps a running balance that can never go below zero. House accounts keep
none, so that no row is written by every transaction; their totals are in the sealed blocks.
"""

import hashlib
from typing import Final
from uuid import UUID

__all__ = [
    "ADJUSTMENTS",
    "BONUS",
    "CLEARING",
    "CREDIT",
    "DEBT",
    "DISPUTES",
    "EARNINGS",
    "FIRST_HOUSE_ID",
    "FEES",
    "FREEZE_STOP",
    "DEBT_STOP",
    "HOUSE",
    "ISSUED",
    "PAID",
    "PERSONAL_KINDS",
    "PROMOTIONS",
    "REFUNDS",
    "SALES",
    "WRITE_OFF",
    "account_id",
    "clearing_kind",
    "house_key",
    "is_bound",
    "personal_key",
]

CREDIT = "CREDIT"
"""The asset that people spend. Other assets are ISO 4217 codes, in minor units."""

# A person's kinds. DEBT grows by debits (what the person owes), the others by credits.
PAID, BONUS, EARNINGS, DEBT = "paid", "bonus", "earnings", "debt"
PERSONAL_KINDS = (PAID, BONUS, EARNINGS, DEBT)

# House kinds. In credits, ISSUED gives what was bought and PROMOTIONS what was a gift, and SALES
# takes what was spent. In money, CLEARING is what a provider holds for us and SALES what we sold;
# REFUNDS and DISPUTES gave back what was sold, and stay apart from it; FEES is what providers
# keep for their service.
SALES, PROMOTIONS, ISSUED, CLEARING = "sales", "promotions", "issued", "clearing"
REFUNDS, DISPUTES, FEES = "refunds", "disputes", "fees"

# In credits too: what staff put right in either direction, and debts that are given up.
ADJUSTMENTS, WRITE_OFF = "adjustments", "write_off"

HOUSE = "house"

# Why nothing may be spent from an account, as bits of its ``stops``.
DEBT_STOP: Final = 1
FREEZE_STOP: Final = 2

ID_DOMAIN = b"pairly ledger account\x00"
BOUND_VERSION = 8

FIRST_HOUSE_ID: Final = UUID(int=1 << 127)
"""Ids of people's accounts lie below it, those of the house from here on."""


def personal_key(owner_id: UUID, kind: str, asset: str = CREDIT) -> str:
    """The unique name of a person's account: ``<32 hex digits>:paid:CREDIT``."""
    return f"{owner_id.hex}:{kind}:{asset}"


def house_key(kind: str, asset: str = CREDIT) -> str:
    """The unique name of a house account: ``house:sales:CREDIT``."""
    return f"{HOUSE}:{kind}:{asset}"


def clearing_kind(provider: str) -> str:
    """The kind of the account of what a provider holds: ``clearing-stripe``."""
    return f"{CLEARING}-{provider}"


def account_id(key: str) -> str:
    """The id of the account of that name, in 32 hex digits: a UUID of version 8 (RFC 9562) from
    the first 16 bytes of SHA-256 over a domain tag and the name, its first bit set for the house.

    Transfers name their accounts by id, under their hashes; so whose account it was lies in the
    chain as well, and no row can be given to somebody else unnoticed.
    """
    digits = hashlib.sha256(ID_DOMAIN + key.encode()).hexdigest()[:32]
    house_bit = 8 if key.startswith(f"{HOUSE}:") else 0
    first = f"{int(digits[0], 16) & 7 | house_bit:x}"
    variant = f"{int(digits[16], 16) & 3 | 8:x}"
    return f"{first}{digits[1:12]}{BOUND_VERSION}{digits[13:16]}{variant}{digits[17:]}"


def is_bound(id_hex: str) -> bool:
    """Whether the id came from the name; those of the first accounts ever were random."""
    return id_hex[12] == str(BOUND_VERSION)
