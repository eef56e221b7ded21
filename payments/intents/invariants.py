"""What must be true of purchases at every moment: intents, refunds, disputes, receipts and the
ledger say the same.

As the ledger's, each returns sentences that name what is wrong, none if all is well.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

from pairly.core.db import snapshot
from pairly.core.table import Table
from payments.disputes.applying import reversal_of as reversal_of_dispute
from payments.disputes.models import Dispute
from payments.disputes.states import STATUS_OF_INTENT
from payments.disputes.states import State as DisputeState
from payments.intents.models import Intent, Receipt
from payments.intents.purchases import CREDITS_LEG, MONEY_LEG, operation_of
from payments.intents.states import PAID, standing
from payments.ledger.accounts import CREDIT
from payments.ledger.books import every_row
from payments.ledger.invariants import Invariant, orphan_holds
from payments.ledger.models import Phase
from payments.ledger.transfers import TRANSFERS
from payments.refunds.applying import reversal_of as reversal_of_refund
from payments.refunds.models import Refund
from payments.refunds.states import UNSETTLED
from payments.refunds.states import State as RefundState
from payments.reversals import CREDITS_BACK_LEG, MONEY_BACK_LEG, TAKEN_LEGS
from payments.reversals import MONEY_LEG as REVERSED_MONEY_LEG

__all__ = [
    "INVARIANTS",
    "purchases_are_booked",
    "receipts_have_no_gaps",
    "reversals_are_booked",
    "reversals_hold_while_they_are_open",
    "standings_follow_from_reversals",
]

ROWS_AT_ONCE = 500
REVERSAL_LEGS = (*TAKEN_LEGS, CREDITS_BACK_LEG, REVERSED_MONEY_LEG, MONEY_BACK_LEG)
LEGS = {CREDITS_LEG, MONEY_LEG, *REVERSAL_LEGS}
MOVING = (Phase.POSTED, Phase.POST)

IDS = Table(Intent, "id")


def purchases_are_booked() -> list[str]:
    """A paid intent stands in the ledger with its credits and its money; no other one does."""
    return [sentence for page in _pages() for sentence in _wrong_purchases(page)]


def receipts_have_no_gaps() -> list[str]:
    """Receipts are numbered from 1 on, and each paid intent has one."""
    with snapshot():
        numbers = sorted(Receipt.objects.values_list("number", flat=True))
        paid = Intent.objects.filter(status__in=PAID).count()
    wrong = []
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append(f"{len(numbers)} receipts are not numbered 1 to {len(numbers)}")
    if paid != len(numbers):
        wrong.append(f"there are {len(numbers)} receipts for {paid} paid intents")
    return wrong


def standings_follow_from_reversals() -> list[str]:
    """What an intent says of itself is what its refunds and disputes come to."""
    return [sentence for page in _pages() for sentence in _wrong_standings(page)]


def reversals_are_booked() -> list[str]:
    """Refunds and disputes took and gave back in the ledger what their states say."""
    return [sentence for page in _pages() for sentence in _wrong_bookings(page)]


def reversals_hold_while_they_are_open() -> list[str]:
    """No credits are held for a refund or dispute that is over. Other holds are others' matter."""
    return orphan_holds(_is_live)


INVARIANTS: Final[tuple[Invariant, ...]] = (
    purchases_are_booked,
    receipts_have_no_gaps,
    standings_follow_from_reversals,
    reversals_are_booked,
    reversals_hold_while_they_are_open,
)


class _Page:
    """Some intents with their refunds, disputes and transfers, all of one moment."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        with snapshot():
            self.intents = list(Intent.objects.filter(pk__in=ids))
            self.refunds = list(Refund.objects.filter(intent_id__in=ids))
            self.disputes = list(Dispute.objects.filter(intent_id__in=ids))
            legs = [f"{operation}/{leg}" for operation in self._operations() for leg in LEGS]
            rows = TRANSFERS.select("id", legs)
        self.moved = {row[0]: (row[3], row[4]) for row in rows if row[7] in MOVING}

    def _operations(self) -> Iterator[str]:
        yield from (operation_of(one.pk) for one in self.intents)
        yield from (reversal_of_refund(one).operation for one in self.refunds)
        yield from (reversal_of_dispute(one).operation for one in self.disputes)


def _pages() -> Iterator[_Page]:
    rows = every_row(IDS, "id")
    while page := [row[0] for row in islice(rows, ROWS_AT_ONCE)]:
        yield _Page(page)


def _wrong_purchases(page: _Page) -> Iterator[str]:
    for intent in page.intents:
        legs = {
            CREDITS_LEG: (intent.credits, CREDIT),
            MONEY_LEG: (intent.amount_minor, intent.currency),
        }
        for name, paid in legs.items():
            leg = f"{operation_of(intent.pk)}/{name}"
            wanted = paid if intent.status in PAID else None
            if page.moved.get(leg) != wanted:
                yield f"{leg}: {page.moved.get(leg)} is booked, {wanted} was paid for"


def _wrong_standings(page: _Page) -> Iterator[str]:
    for intent in page.intents:
        refunds = [one for one in page.refunds if one.intent_id == intent.pk]
        disputes = [one for one in page.disputes if one.intent_id == intent.pk]
        expected = {
            "refunding_minor": _sum(refunds, UNSETTLED),
            "refunded_minor": _sum(refunds, {RefundState.SUCCEEDED}),
            "disputed_minor": _sum(disputes, {DisputeState.OPENED}),
            "lost_minor": _sum(disputes, {DisputeState.LOST}),
        }
        for name, amount in expected.items():
            if getattr(intent, name) != amount:
                yield f"intent {intent.pk}: {name} is {getattr(intent, name)}, not {amount}"
        is_paid = intent.status in PAID
        if is_paid and intent.status != _standing(intent, disputes):
            yield f"intent {intent.pk} is {intent.status}, not {_standing(intent, disputes)}"
        if not is_paid and (refunds or disputes):
            yield f"intent {intent.pk} is {intent.status} and yet taken back"
        taken = sum(one.credits for one in refunds) + sum(one.credits for one in disputes)
        if taken > intent.credits:
            yield f"intent {intent.pk}: {taken} of {intent.credits} credits are taken back"
        if intent.refunded_minor == intent.amount_minor and taken < intent.credits:
            yield f"intent {intent.pk}: refunded, yet {taken} of {intent.credits} credits taken"


def _standing(intent: Intent, disputes: Iterable[Dispute]) -> str:
    return standing(
        amount_minor=intent.amount_minor,
        refunded_minor=intent.refunded_minor,
        disputes=[STATUS_OF_INTENT[DisputeState(one.state)] for one in disputes],
    )


def _sum(reversals: Iterable[Refund | Dispute], states: Iterable[str]) -> int:
    wanted = set(states)
    return sum(one.amount_minor for one in reversals if one.state in wanted)


def _wrong_bookings(page: _Page) -> Iterator[str]:
    expected = {
        **{reversal_of_refund(one).operation: _taken_by_refund(one) for one in page.refunds},
        **{reversal_of_dispute(one).operation: _taken_by_dispute(one) for one in page.disputes},
    }
    for name, wanted in expected.items():
        moved = {leg: page.moved.get(f"{name}/{leg}", (0, ""))[0] for leg in REVERSAL_LEGS}
        credits = sum(moved[leg] for leg in TAKEN_LEGS) - moved[CREDITS_BACK_LEG]
        money = moved[REVERSED_MONEY_LEG] - moved[MONEY_BACK_LEG]
        if (credits, money) != wanted:
            yield f"{name} took {credits} credits and {money} minor units, not {wanted}"


def _taken_by_refund(one: Refund) -> tuple[int, int]:
    """As long as it is not settled its credits are but held."""
    credits = 0 if one.state in UNSETTLED else one.credits
    return credits, one.amount_minor if one.state == RefundState.SUCCEEDED else 0


def _taken_by_dispute(one: Dispute) -> tuple[int, int]:
    """The money goes when it is opened, the credits when it is decided."""
    credits = 0 if one.state == DisputeState.OPENED else one.credits
    return credits, 0 if one.state == DisputeState.WON else one.amount_minor


def _is_live(group: str) -> bool:
    kind, _, text = group.partition(":")
    if kind == "refund":
        return Refund.objects.filter(pk=UUID(text), state__in=UNSETTLED).exists()
    if kind == "dispute":
        return Dispute.objects.filter(pk=UUID(text), state=DisputeState.OPENED).exists()
    return True
