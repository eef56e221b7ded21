"""Who got what people spend: the apps that charge for something say for whom it was.

Transfers name the operation (``message:<id>``) and not the other person, so that the ledger, which
is kept for ever, does not tell who wrote to whom.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

__all__ = ["payees_of", "register"]

PayeesOf = Callable[[Collection[UUID]], Mapping[UUID, UUID]]

_sources: dict[str, PayeesOf] = {}


def register(kind: str, source: PayeesOf) -> None:
    """Call in ``ready()``. ``kind`` is how the operation's name begins; the function takes ids of
    such operations and gives the person that each was for, the unknown left out."""
    _sources[kind] = source


def payees_of(operations: Iterable[str]) -> dict[str, UUID]:
    """The person whom each operation was for; without those of kinds that nobody registered.
    One call of each kind's function."""
    by_kind: dict[str, dict[UUID, list[str]]] = {}
    for operation in operations:
        kind, _, rest = operation.partition(":")
        if kind in _sources:
            operation_id = UUID(rest.partition(":")[0].partition("/")[0])
            by_kind.setdefault(kind, {}).setdefault(operation_id, []).append(operation)
    found: dict[str, UUID] = {}
    for kind, wanted in by_kind.items():
        for operation_id, payee_id in _sources[kind](wanted.keys()).items():
            found |= dict.fromkeys(wanted[operation_id], payee_id)
    return found
