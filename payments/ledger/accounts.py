"""Accounts by name: whose, what for, in which asset.

What a person owns keeps a running balance that can never go below zero. House accounts keep
none, so that no row is written by every transaction; their totals are in the sealed blocks.
"""

from uuid import UUID

__all__ = [
    "BONUS",
    "CLEARING",
    "CREDIT",
    "DEBT",
    "EARNINGS",
    "FEES",
    "HOUSE",
    "ISSUED",
    "PAID",
    "PERSONAL_KINDS",
    "PROMOTIONS",
    "SALES",
    "clearing_kind",
    "house_key",
    "personal_key",
]

CREDIT = "CREDIT"
"""The asset that people spend. Other assets are ISO 4217 codes, in minor units."""

# A person's kinds. DEBT grows by debits (what the person owes), the others by credits.
PAID, BONUS, EARNINGS, DEBT = "paid", "bonus", "earnings", "debt"
PERSONAL_KINDS = (PAID, BONUS, EARNINGS, DEBT)

# House kinds. In credits, ISSUED gives what was bought and PROMOTIONS what was a gift, and SALES
# takes what was spent. In money, CLEARING is what a provider holds for us and SALES what we sold;
# FEES is what providers keep for their service.
SALES, PROMOTIONS, ISSUED, CLEARING = "sales", "promotions", "issued", "clearing"
FEES = "fees"

HOUSE = "house"


def personal_key(owner_id: UUID, kind: str, asset: str = CREDIT) -> str:
    """The unique name of a person's account: ``<32 hex digits>:paid:CREDIT``."""
    return f"{owner_id.hex}:{kind}:{asset}"


def house_key(kind: str, asset: str = CREDIT) -> str:
    """The unique name of a house account: ``house:sales:CREDIT``."""
    return f"{HOUSE}:{kind}:{asset}"


def clearing_kind(provider: str) -> str:
    """The kind of the account of what a provider holds: ``clearing-stripe``."""
    return f"{CLEARING}-{provider}"
