"""Days of trade made through the bulk doors, on both sides: what the tests of reconciliation and
of reports would else take minutes to click together."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from payments.gateways.base import LineKind
from payments.intents.states import Status
from payments.ledger.accounts import ISSUED, PAID, SALES, clearing_kind, house_key, personal_key
from payments.ledger.services import account_ids, post
from payments.ledger.transfers import Posting, meta_text
from payments.models import Intent, MockLine, MockPayment
from payments.tests.people import make_people

__all__ = ["PACKAGES", "line_of", "trade"]

PACKAGES = {"small": (50, 5000, 99), "medium": (120, 10000, 199), "large": (300, 20000, 399)}
AT_ONCE = 100


def trade(provider: str, count: int, start: datetime, end: datetime) -> list[UUID]:
    """So many purchases from start to end, in both currencies and of all packages: paid, booked,
    and on the provider's statement. The intents' ids, in order."""
    people = make_people(3)
    pause = (end - start) / max(1, count)
    intents = []
    for first in range(0, count, AT_ONCE):
        at = start + first * pause
        at -= timedelta(microseconds=at.microsecond)
        part = [
            _intent(provider, number, people[number % len(people)], at)
            for number in range(first, min(first + AT_ONCE, count))
        ]
        run_atomic(lambda part=part, at=at: _write(part, at))  # type: ignore[misc]
        intents += part
    return [intent.pk for intent in intents]


def line_of(intent_id: UUID) -> str:
    """The ``line_ref`` of a payment's line."""
    ref: str = MockLine.objects.get(intent_id=intent_id, kind=LineKind.PAYMENT).line_ref
    return ref


def _intent(provider: str, number: int, user_id: UUID, at: datetime) -> Intent:
    package = list(PACKAGES)[number % len(PACKAGES)]
    credits, *amounts = PACKAGES[package]
    currency = ("INR", "USD")[number % 2]
    intent_id = new_id()
    return Intent(
        id=intent_id,
        user_id=user_id,
        package_id=package,
        credits=credits,
        amount_minor=amounts[number % 2],
        currency=currency,
        provider=provider,
        provider_ref=f"mock_{intent_id.hex}",
        status=Status.SUCCEEDED,
        expires_at=at,
        paid_at=at,
        created_at=at,
    )


def _write(intents: Sequence[Intent], at: datetime) -> None:
    Intent.objects.bulk_create(intents)
    payments = [
        MockPayment(
            ref=intent.provider_ref,
            provider=intent.provider,
            intent_id=intent.pk,
            amount_minor=intent.amount_minor,
            currency=intent.currency,
            status=Status.SUCCEEDED,
            created_at=at,
        )
        for intent in intents
    ]
    MockPayment.objects.bulk_create(payments)
    MockLine.objects.bulk_create([_line(intent, at) for intent in intents])
    post(_postings(intents, at), at)


def _line(intent: Intent, at: datetime) -> MockLine:
    return MockLine(
        line_ref=f"txn_{new_id().hex}",
        provider=intent.provider,
        kind=LineKind.PAYMENT,
        ref=intent.provider_ref,
        payment_ref=intent.provider_ref,
        intent_id=intent.pk,
        amount_minor=intent.amount_minor,
        fee_minor=intent.amount_minor * 3 // 100,
        currency=intent.currency,
        at=at,
    )


def _postings(intents: Sequence[Intent], at: datetime) -> list[Posting]:
    keys = {key for intent in intents for leg in _legs(intent) for key in leg[1:3]}
    ids = account_ids(keys, at)
    return [
        Posting(
            id=f"purchase:{intent.pk}/{name}",
            debit=ids[debit],
            credit=ids[credit],
            amount=amount,
            kind="purchase",
            group=f"purchase:{intent.pk}",
            asset=asset,
            meta=meta_text({"package": intent.package_id, "provider": intent.provider}),
        )
        for intent in intents
        for name, debit, credit, amount, asset in _legs(intent)
    ]


def _legs(intent: Intent) -> list[tuple[Any, ...]]:
    clearing = house_key(clearing_kind(intent.provider), intent.currency)
    sales = house_key(SALES, intent.currency)
    issued, paid = house_key(ISSUED), personal_key(intent.user_id, PAID)
    return [
        ("credits", issued, paid, intent.credits, "CREDIT"),
        ("money", clearing, sales, intent.amount_minor, intent.currency),
    ]
