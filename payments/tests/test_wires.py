"""How the words of both providers are read, odd ones and hostile ones too."""

from contextlib import suppress
from copy import deepcopy
from typing import Any
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.gateways import razorpay_wire, stripe_wire
from payments.gateways.base import (
    BadWebhook,
    DisputeSeen,
    DisputeState,
    LineKind,
    RefundSeen,
    RefundState,
)
from tests.sizes import examples

OURS = UUID("0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1")

STRIPE_REFUND: dict[str, Any] = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "currency": "inr",
    "metadata": {"refund_id": str(OURS), "intent_id": str(OURS)},
    "payment_intent": "pi_1",
    "status": "pending",
    "failure_reason": "expired_or_canceled_card",
}
STRIPE_DISPUTE: dict[str, Any] = {
    "id": "du_1",
    "object": "dispute",
    "amount": 500,
    "currency": "inr",
    "payment_intent": "pi_1",
    "reason": "fraudulent",
    "status": "needs_response",
}
RAZORPAY_PAYMENT = {"id": "pay_1", "order_id": "order_1", "notes": {"intent_id": str(OURS)}}
RAZORPAY_REFUND: dict[str, Any] = {
    "id": "rfnd_1",
    "amount": 500,
    "currency": "INR",
    "payment_id": "pay_1",
    "notes": [],
    "status": "processed",
}
RAZORPAY_DISPUTE: dict[str, Any] = {
    "id": "disp_1",
    "amount": 500,
    "currency": "INR",
    "phase": "chargeback",
    "reason_code": "fraud",
    "status": "open",
}
TRANSACTION: dict[str, Any] = {
    "id": "txn_1",
    "amount": 990,
    "currency": "usd",
    "created": 1_700_000_000,
    "fee": 59,
    "reporting_category": "charge",
    "source": {
        "id": "ch_1",
        "amount": 990,
        "currency": "usd",
        "payment_intent": "pi_1",
        "metadata": {"intent_id": str(OURS)},
    },
}
ITEM: dict[str, Any] = {
    "entity_id": "pay_1",
    "type": "payment",
    "debit": 0,
    "credit": 97640,
    "amount": 100_000,
    "currency": "INR",
    "fee": 2360,
    "tax": 360,
    "created_at": 1_700_000_000,
    "settlement_id": "setl_1",
    "order_id": "order_1",
    "notes": "{}",
    "dispute_id": None,
}
WRONG: list[Any] = [None, 7, -1, 1.5, "", "x", [], {}, True, 10**13]


def stripe_event(kind: str, thing: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "type": kind,
        "created": 1_700_000_000,
        "data": {"object": thing | changes},
    }


def razorpay_event(kind: str, **entities: dict[str, Any]) -> dict[str, Any]:
    payload = {name: {"entity": entity} for name, entity in entities.items()}
    return {"event": kind, "created_at": 1_700_000_000, "payload": payload}


def read(event: dict[str, Any]) -> Any:
    wire = stripe_wire if "data" in event else razorpay_wire
    return wire.read_event(orjson.dumps(event))


STRIPE_EVENTS = [
    stripe_event("refund.updated", STRIPE_REFUND),
    stripe_event("charge.dispute.created", STRIPE_DISPUTE),
]
RAZORPAY_EVENTS = [
    razorpay_event("refund.processed", refund=RAZORPAY_REFUND, payment=RAZORPAY_PAYMENT),
    razorpay_event("payment.dispute.lost", dispute=RAZORPAY_DISPUTE, payment=RAZORPAY_PAYMENT),
]


def test_each_state_of_stripes_refunds_has_its_word() -> None:
    for status, state in (
        ("pending", RefundState.PENDING),
        ("requires_action", RefundState.PENDING),
        ("succeeded", RefundState.SUCCEEDED),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.FAILED),
    ):
        for kind in ("created", "updated", "failed"):
            seen = read(stripe_event(f"refund.{kind}", STRIPE_REFUND, status=status))
            assert isinstance(seen, RefundSeen)
            assert (seen.state, seen.refund_id, seen.payment_ref) == (state, OURS, "pi_1")
            assert (seen.amount_minor, seen.currency) == (500, "INR")
    assert read(stripe_event("charge.refunded", STRIPE_REFUND)) is None


def test_only_disputes_that_take_money_are_told() -> None:
    for kind, status, state in (
        ("created", "needs_response", DisputeState.OPENED),
        ("created", "under_review", DisputeState.OPENED),
        ("created", "warning_needs_response", None),
        ("funds_withdrawn", "needs_response", DisputeState.OPENED),
        ("closed", "won", DisputeState.WON),
        ("closed", "lost", DisputeState.LOST),
        ("closed", "warning_closed", None),
        ("updated", "under_review", None),
    ):
        seen = read(stripe_event(f"charge.dispute.{kind}", STRIPE_DISPUTE, status=status))
        assert (None if seen is None else seen.state) == state, (kind, status)


def test_razorpays_inquiries_are_no_disputes_either() -> None:
    opened = razorpay_event(
        "payment.dispute.created", dispute=RAZORPAY_DISPUTE, payment=RAZORPAY_PAYMENT
    )
    seen = read(opened)
    assert isinstance(seen, DisputeSeen)
    assert (seen.state, seen.payment_ref, seen.intent_id) == (DisputeState.OPENED, "order_1", OURS)
    for phase in ("fraud", "retrieval"):
        opened["payload"]["dispute"]["entity"] = RAZORPAY_DISPUTE | {"phase": phase}
        assert read(opened) is None
    assert read(razorpay_event("payment.dispute.under_review", dispute=RAZORPAY_DISPUTE)) is None


def test_a_refund_in_the_dashboard_has_no_id_of_ours() -> None:
    seen = read(RAZORPAY_EVENTS[0])
    assert (seen.refund_id, seen.intent_id, seen.payment_ref) == (None, None, "order_1")
    bare = read(stripe_event("refund.created", STRIPE_REFUND, metadata={}, payment_intent=None))
    assert (bare.refund_id, bare.intent_id, bare.payment_ref) == (None, None, "")


def test_what_is_not_of_the_shape_is_told_so() -> None:
    """Each field in turn: it is read as what it is, or the whole event is refused."""
    for event in (*STRIPE_EVENTS, *RAZORPAY_EVENTS):
        for path in paths(event):
            for wrong in WRONG:
                changed = deepcopy(event)
                inner: Any = changed
                for name in path[:-1]:
                    inner = inner[name]
                inner[path[-1]] = wrong
                with suppress(BadWebhook):
                    seen = read(changed)
                    assert seen is None or 0 <= seen.amount_minor <= 10**12, (path, wrong)


def paths(thing: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(thing, dict):
        return []
    here = [(*above, name) for name in thing]
    return here + [deep for name in thing for deep in paths(thing[name], (*above, name))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KINDS = st.sampled_from(
    [
        *stripe_wire.STATUS_OF_EVENT,
        *stripe_wire.REFUND_EVENTS,
        *stripe_wire.DISPUTE_EVENTS,
        *razorpay_wire.STATUS_OF_EVENT,
        *razorpay_wire.REFUND_EVENTS,
        *razorpay_wire.STATE_OF_DISPUTE_EVENT,
    ]
)


@settings(max_examples=examples(small=100, ci=500, torture=5000), deadline=None)
@given(kind=KINDS, first=JSON, second=JSON, data=st.binary(max_size=40))
def test_nothing_that_anybody_signs_breaks_the_reading(
    kind: str, first: Any, second: Any, data: bytes
) -> None:
    for event in (
        {"id": "e", "type": kind, "created": second, "data": {"object": first}},
        {"event": kind, "created_at": second, "payload": {"payment": {"entity": first}}},
        {"event": kind, "created_at": 1, "payload": {"refund": first, "dispute": first}},
        {"type": kind, "data": first},
        {"event": kind, "payload": first},
    ):
        with suppress(BadWebhook, orjson.JSONEncodeError):
            body = orjson.dumps(event)
            stripe_wire.read_event(body)
            razorpay_wire.read_event(body)
    for reader in (stripe_wire.read_event, razorpay_wire.read_event):
        with suppress(BadWebhook):
            reader(data)


def test_stripes_statement_is_told_in_the_currency_of_the_payment() -> None:
    line = stripe_wire.line_of_transaction(TRANSACTION)
    assert line is not None
    assert (line.kind, line.ref, line.payment_ref) == (LineKind.PAYMENT, "pi_1", "pi_1")
    assert (line.amount_minor, line.fee_minor, line.currency) == (990, 59, "USD")
    assert line.intent_id == OURS
    # Paid out in rupees: 990 cents became 82,170 paise, of which 4,897 were kept.
    settled = TRANSACTION | {"amount": 82_170, "currency": "inr", "fee": 4_897}
    line = stripe_wire.line_of_transaction(settled)
    assert line is not None
    assert (line.amount_minor, line.fee_minor, line.currency) == (990, 59, "USD")
    refund = settled | {"amount": -82_170, "fee": 0, "reporting_category": "refund"}
    line = stripe_wire.line_of_transaction(refund)
    assert line is not None and (line.amount_minor, line.kind) == (-990, LineKind.REFUND)
    back = TRANSACTION | {"reporting_category": "dispute_reversal", "fee": -1500}
    line = stripe_wire.line_of_transaction(back)
    assert line is not None and (line.kind, line.fee_minor) == (LineKind.DISPUTE_WON, 0)
    for category in ("payout", "fee", "topup"):
        assert (
            stripe_wire.line_of_transaction(TRANSACTION | {"reporting_category": category}) is None
        )


def test_razorpays_settlements_are_told_line_by_line() -> None:
    def told(**changes: Any) -> tuple[Any, ...] | None:
        line = razorpay_wire.line_of_item(ITEM | changes)
        if line is None:
            return None
        return line.kind, line.ref, line.amount_minor, line.fee_minor

    assert told() == (LineKind.PAYMENT, "order_1", 100_000, 2360)
    refund = {"type": "refund", "entity_id": "rfnd_1", "debit": 500, "credit": 0, "amount": 500}
    assert told(**refund, fee=0) == (LineKind.REFUND, "rfnd_1", -500, 0)
    # An instant refund costs something beside what is given back.
    assert told(**{**refund, "debit": 507}, fee=7) == (LineKind.REFUND, "rfnd_1", -500, 7)
    adjusted = {"type": "adjustment", "entity_id": "adj_1", "fee": 0, "amount": 500}
    taken = {**adjusted, "dispute_id": "disp_1", "debit": 500, "credit": 0}
    assert told(**taken) == (LineKind.DISPUTE, "disp_1", -500, 0)
    given_back = {**taken, "debit": 0, "credit": 500}
    assert told(**given_back) == (LineKind.DISPUTE_WON, "disp_1", 500, 0)
    assert told(**adjusted, credit=500) is None
    assert told(type="transfer") is None
    odd: list[Any] = [None, [], "{}", '{"intent_id": "x"}']
    for notes in odd:
        line = razorpay_wire.line_of_item(ITEM | {"notes": notes})
        assert line is not None and line.intent_id is None
