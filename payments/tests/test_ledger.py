"""The ledger by its services: what it books once, what it refuses, and what it holds."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pairly.core import clock
from payments.errors import HoldResolved, InsufficientCredits, TransferConflict
from payments.ledger.invariants import orphan_holds, violations
from payments.ledger.services import pending, post, resolution
from payments.ledger.transfers import Leaf, Posted, Posting, encode_leaf, meta_text
from payments.models import Account, Transfer
from payments.tests.people import Pockets, good, make_people, posting

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture
def pockets() -> Pockets:
    ava, ben = make_people(2)
    found = Pockets(ava=ava, ben=ben)
    write(posting("start", found["house.sales"], found["ava.paid"], 100))
    return found


def write(*postings: Posting) -> list[Posted]:
    return post(postings, clock.now())


def stands(account: str) -> tuple[int, int]:
    return Account.objects.values_list("balance", "held").get(id=account)


@given(st.tuples(*[TEXT] * 12))
def test_a_leaf_is_what_a_canonicalizer_would_write(values: tuple[str, ...]) -> None:
    names = Leaf.__struct_fields__
    assert encode_leaf(Leaf(*values)) == rfc8785.dumps(dict(zip(names, values, strict=True)))


def test_meta_is_flat_ascii_named_text() -> None:
    assert meta_text({"b": "ü", "a": "1"}) == '{"a":"1","b":"ü"}'
    wrong: list[dict[str, Any]] = [{"a": 1}, {"ü": "1"}, {"a": None}, {"a": {}}]
    for meta in wrong:
        with pytest.raises(TypeError):
            meta_text(meta)


@pytest.mark.mongodb
def test_a_repeated_id_returns_the_first_and_other_content_is_refused(pockets: Pockets) -> None:
    first = posting("op:1", pockets["ava.paid"], pockets["ben.paid"], 30)
    (written,) = write(first)
    assert not written.repeated
    (again,) = write(first)
    assert again.repeated
    assert (again.created_at, again.leaf_hash) == (written.created_at, written.leaf_hash)
    for other in (
        posting("op:1", pockets["ava.paid"], pockets["ben.paid"], 31),
        posting("op:1", pockets["ava.paid"], pockets["ben.bonus"], 30),
        posting("op:1", pockets["ava.paid"], pockets["ben.paid"], 30, group="g"),
        posting("op:1", pockets["ava.paid"], pockets["ben.paid"], 30, meta='{"a":"1"}'),
    ):
        with pytest.raises(TransferConflict):
            write(other)
    twice = posting("op:2", pockets["ava.paid"], pockets["ben.paid"], 5)
    assert [one.repeated for one in write(twice, first, twice)] == [False, True, True]
    assert stands(pockets["ava.paid"]) == (65, 0) and stands(pockets["ben.paid"]) == (35, 0)
    assert good() and not violations()


@pytest.mark.mongodb
def test_a_batch_is_all_or_nothing_and_checked_in_order(pockets: Pockets) -> None:
    ava, ben, sales = pockets["ava.paid"], pockets["ben.paid"], pockets["house.sales"]
    with pytest.raises(InsufficientCredits):
        write(posting("a", ava, ben, 60), posting("b", ava, ben, 60))
    assert stands(ava) == (100, 0) and Transfer.objects.count() == 1
    with pytest.raises(InsufficientCredits):
        write(posting("a", ben, ava, 1), posting("b", ava, ben, 10))
    write(posting("a", ava, ben, 100), posting("b", ben, sales, 100))
    assert stands(ava) == stands(ben) == (0, 0)
    assert stands(sales) == (0, 0), "house accounts keep no balance"
    assert good() and not violations()


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_positive(pockets: Pockets, amount: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        write(posting("x", pockets["ava.paid"], pockets["ben.paid"], amount))


def test_what_makes_no_sense_is_an_error(pockets: Pockets) -> None:
    ava, ben = pockets["ava.paid"], pockets["ben.paid"]
    other = Pockets("INR")
    hold = pending(posting("h", ava, ben, 5))
    for wrong in (
        [posting("x", ava, ava, 1)],
        [posting("x", ava, "0" * 32, 1)],
        [posting("x", ava, other["house.sales"], 1)],
        [posting("x", ava, ben, 1, asset="INR")],
        [posting("x", ava, ben, 1, phase="post", resolves="nothing")],
        [posting("x", ava, ben, 1, phase="post", resolves="start")],
        [hold, resolution(hold, id="x", amount=6, kind="k")],
        [hold, posting("x", ava, ben, 4, phase="void", resolves="h")],
        [hold, posting("x", ben, ava, 5, phase="post", resolves="h")],
        [pending(posting("x", pockets["house.sales"], ava, 5))],
        [posting("x", pockets["house.sales"], pockets["ava.debt"], 5)],
    ):
        with pytest.raises(ValueError):
            write(*wrong)
    assert Transfer.objects.count() == 1 and good()


@pytest.mark.mongodb
def test_a_hold_counts_as_spent_until_it_ends_once(pockets: Pockets) -> None:
    ava, sales = pockets["ava.paid"], pockets["house.sales"]
    first = pending(posting("call:1:hold:1", ava, sales, 60, group="call:1"))
    second = pending(posting("call:1:hold:2", ava, sales, 40, group="call:1"))
    write(first, second)
    assert stands(ava) == (100, 100)
    with pytest.raises(InsufficientCredits):
        write(posting("x", ava, sales, 1))
    with pytest.raises(InsufficientCredits):
        write(pending(posting("x", ava, sales, 1)))
    assert orphan_holds(lambda group: group != "call:1") == [
        "call:1:hold:1 is held for call:1, which is over",
        "call:1:hold:2 is held for call:1, which is over",
    ]
    minute = resolution(first, id="call:1:minute:1", amount=45, kind="call")
    write(minute)
    assert stands(ava) == (55, 40), "the rest of the hold is free again"
    assert write(minute)[0].repeated
    for again in (
        resolution(first, id="call:1:minute:2", amount=1, kind="call"),
        resolution(first, id="call:1:void:1", amount=0, kind="call"),
    ):
        with pytest.raises(HoldResolved):
            write(again)
    write(resolution(second, id="call:1:void:2", amount=0, kind="call"))
    assert stands(ava) == (55, 0) and not orphan_holds(lambda _group: False)
    third = pending(posting("h3", ava, sales, 55))
    write(third, resolution(third, id="h3/void", amount=0, kind="k"))
    with pytest.raises(HoldResolved):
        write(
            pending(posting("h4", ava, sales, 5)),
            resolution(pending(posting("h4", ava, sales, 5)), id="h4/a", amount=1, kind="k"),
            resolution(pending(posting("h4", ava, sales, 5)), id="h4/b", amount=1, kind="k"),
        )
    assert good() and not violations()


@pytest.mark.mongodb
def test_debt_grows_by_debits_and_marks_what_is_spent_from(pockets: Pockets) -> None:
    debt, sales = pockets["ava.debt"], pockets["house.sales"]
    blocked = Account.objects.filter(stops=1)
    write(posting("refund", debt, sales, 30))
    assert stands(debt) == (30, 0)
    assert set(blocked.values_list("kind", flat=True)) == {"paid", "bonus"}
    with pytest.raises(ValueError, match="owes less"):
        write(posting("too much", pockets["ava.paid"], debt, 31))
    write(posting("part", pockets["ava.paid"], debt, 10))
    assert blocked.count() == 2 and not violations()
    write(posting("rest", pockets["ava.paid"], debt, 20))
    assert stands(debt) == (0, 0) and not blocked.exists()
    assert good() and not violations()


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run the work in threads that start together; results, or what was raised."""
    results: list[Any] = [None] * count
    start = threading.Barrier(count)

    def run(index: int) -> None:
        from django.db import connections

        start.wait()
        try:
            results[index] = work(index)
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.mongodb
def test_the_same_id_from_many_threads_is_booked_once(pockets: Pockets) -> None:
    one = posting("op:race", pockets["ava.paid"], pockets["ben.paid"], 7)
    results = at_once(8, lambda _index: write(one)[0].repeated)
    assert sorted(results) == [False] + [True] * 7
    assert stands(pockets["ava.paid"]) == (93, 0) and good()


@pytest.mark.mongodb
def test_many_spenders_at_once_never_overdraw(pockets: Pockets) -> None:
    ava, sales = pockets["ava.paid"], pockets["house.sales"]
    results = at_once(12, lambda index: write(posting(f"op:{index}", ava, sales, 10)))
    refused = [result for result in results if isinstance(result, InsufficientCredits)]
    assert len(refused) == 2 and len(results) - len(refused) == 10
    assert stands(ava) == (0, 0) and good() and not violations()


@pytest.mark.mongodb
def test_a_hold_is_ended_by_one_of_many(pockets: Pockets) -> None:
    hold = pending(posting("h", pockets["ava.paid"], pockets["house.sales"], 10))
    write(hold)
    results = at_once(6, lambda i: write(resolution(hold, id=f"h:{i}", amount=i % 3, kind="k")))
    assert sum(isinstance(result, HoldResolved) for result in results) == 5
    assert stands(pockets["ava.paid"])[1] == 0 and good() and not violations()
