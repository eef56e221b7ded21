"""Everything that payments store; the ledger's tables are described in ``ledger.models``."""

from payments.ledger.models import (
    Account,
    Block,
    Checkpoint,
    OpenHold,
    Phase,
    Sealed,
    Transfer,
    Unsealed,
    VerifiedBalance,
)

__all__ = [
    "Account",
    "Block",
    "Checkpoint",
    "OpenHold",
    "Phase",
    "Sealed",
    "Transfer",
    "Unsealed",
    "VerifiedBalance",
]
