"""What may be read of credits."""

from collections.abc import Collection
from uuid import UUID

from payments.ledger.accounts import BONUS, DEBT, PAID, personal_key
from payments.ledger.books import ACCOUNTS, AccountState
from payments.ledger.history import ORDERING, Transaction, transactions_of
from payments.ledger.proofs import HeadView, ledger_head
from payments.wallets import Wallet, wallet_of_states

__all__ = [
    "ORDERING",
    "HeadView",
    "Transaction",
    "ledger_head",
    "transactions_of",
    "wallet_of",
    "wallets_of",
]


def wallet_of(user_id: UUID) -> Wallet:
    return wallets_of([user_id])[user_id]


def wallets_of(user_ids: Collection[UUID]) -> dict[UUID, Wallet]:
    """Everybody's wallet in one query; an empty one for who has no accounts."""
    keys = [personal_key(user, kind) for user in user_ids for kind in (BONUS, PAID, DEBT)]
    states = {row[1]: AccountState(row) for row in ACCOUNTS.select("key", keys)}
    wallets = {}
    for user in user_ids:
        spendable = [personal_key(user, kind) for kind in (BONUS, PAID)]
        debt = states.get(personal_key(user, DEBT))
        wallets[user] = wallet_of_states(
            [states[key] for key in spendable if key in states], debt.balance if debt else 0
        )
    return wallets
