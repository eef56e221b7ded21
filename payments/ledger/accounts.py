"""Accounts by name: whose, what for, in which asset.

What a person owns keeps a running balance that can never go below zero. House accounts keep
none, so that no row is written by every transaction; their totals are in the sealed blocks.
"""

from uuid import UUID

__all__ = [
    "BONUS",
    "CREDIT",
    "DEBT",
    "EARNINGS",
    "HOUSE",
    "PAID",
    "PERSONAL_KINDS",
    "PROMOTIONS",
    "SALES",
    "house_key",
    "personal_key",
]

CREDIT = "CREDIT"
"""The asset that people spend. Other assets are ISO 4217 codes, in minor units."""

# A person's kinds. DEBT grows by debits (what the person owes), the others by credits.
PAID, BONUS, EARNINGS, DEBT = "paid", "bonus", "earnings", "debt"
PERSONAL_KINDS = (PAID, BONUS, EARNINGS, DEBT)

# House kinds.
SALES, PROMOTIONS = "sales", "promotions"

HOUSE = "house"


def personal_key(owner_id: UUID, kind: str, asset: str = CREDIT) -> str:
    """The unique name of a person's account: ``<32 hex digits>:paid:CREDIT``."""
    return f"{owner_id.hex}:{kind}:{asset}"


def house_key(kind: str, asset: str = CREDIT) -> str:
    """The unique name of a house account: ``house:sales:CREDIT``."""
    return f"{HOUSE}:{kind}:{asset}"
