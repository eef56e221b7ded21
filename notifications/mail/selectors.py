"""Reads of the suppression list."""

import hashlib
from collections.abc import Collection

from django.db.models import QuerySet

from notifications.mail.models import Suppression

__all__ = ["address_hash", "find_suppressions", "suppressed"]


def address_hash(address: str) -> str:
    """Not keyed: the list must outlive a change of ``SECRET_KEY``."""
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()


def suppressed(addresses: Collection[str]) -> dict[str, str]:
    """Those of the addresses that are not written to, each with the reason. One read."""
    hashes = {address_hash(address): address for address in addresses}
    found = Suppression.objects.filter(address_hash__in=hashes)
    return {hashes[row.address_hash]: row.get_reason_display() for row in found}


def find_suppressions(address: str = "") -> "QuerySet[Suppression]":
    """Newest first by key; of one address where it is named."""
    if address:
        return Suppression.objects.filter(address_hash=address_hash(address))
    return Suppression.objects.all()
