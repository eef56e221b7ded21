"""What is heard of a delivery after it was handed over: from the device, from the mail provider.

Receipts come late, twice, out of order, and before the sender's own answer is stored. So each has
a rank, the highest stands, and what a state becomes depends on nothing else.
"""

from typing import Final
from uuid import UUID

from django.core import signing

from notifications.models import Delivery
from pairly.core.errors import NotFound

__all__ = ["rank_of", "read_token", "state_after", "token_of"]

State, Receipt = Delivery.State, Delivery.Receipt

STATES: Final = {
    Receipt.DELIVERED: State.DELIVERED,
    Receipt.BOUNCED: State.DEAD,
    Receipt.OPENED: State.OPENED,
}
RANKS: Final = {receipt.value: rank for rank, receipt in enumerate(Receipt)}
HANDED_OVER: Final = (State.SENT, State.DELIVERED, State.OPENED, State.FAILED, State.DEAD)
"""``FAILED`` and ``DEAD`` too: a provider that did not answer may have taken it all the same."""

_signer = signing.Signer(salt="pairly.notifications.receipt")


def rank_of(receipt: str) -> int:
    return RANKS[receipt]


def state_after(state: str, receipt: str) -> str:
    """What a state becomes by a receipt."""
    if state not in HANDED_OVER or not receipt:
        return state
    return STATES[Receipt(receipt)].value


def token_of(delivery_id: UUID) -> str:
    """By which a device that got the push names it, without a sign-in. Good as long as the row."""
    return _signer.sign(delivery_id.hex)


def read_token(token: str) -> UUID:
    """Raises ``NotFound`` for one that we did not make."""
    try:
        return UUID(_signer.unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
