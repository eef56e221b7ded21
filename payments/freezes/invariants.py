"""What must be true of freezes at every moment; see ``payments.ledger.invariants``."""

from pairly.core.db import snapshot
from payments.freezes.models import Freeze
from payments.ledger.accounts import BONUS, FREEZE_STOP, PAID
from payments.ledger.books import ACCOUNTS, every_row

__all__ = ["freezes_stop_spending"]


def freezes_stop_spending() -> list[str]:
    """The paid and bonus accounts of who is frozen say so, and those of nobody else."""
    marked: dict[str, set[str]] = {}
    with snapshot():
        for _id, key, _balance, _held, stops in every_row(ACCOUNTS, "id"):
            owner, kind, _asset = key.split(":")
            if stops & FREEZE_STOP:
                marked.setdefault(owner, set()).add(kind)
        frozen = {user_id.hex for user_id in Freeze.objects.values_list("pk", flat=True)}
    wrong = [f"{owner} is frozen and may spend" for owner in frozen - marked.keys()]
    wrong += [f"{owner} is stopped without a freeze" for owner in marked.keys() - frozen]
    return wrong + [
        f"{owner} is frozen in {sorted(kinds)} alone"
        for owner, kinds in marked.items()
        if kinds != {PAID, BONUS}
    ]
