"""Whatever is done to the database behind the ledger's back, verification finds and names it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import models

from pairly.core import clock, signing
from pairly.core.appendonly import triggers_removed
from pairly.core.chain import leaf_hash
from pairly.core.clock import to_milliseconds
from pairly.core.db import run_atomic
from pairly.core.table import Row
from payments.ledger.books import UNSEALED
from payments.ledger.sealing import seal_waiting
from payments.ledger.services import pending, post, resolution
from payments.ledger.transfers import TRANSFERS, leaf_of, posting_of
from payments.models import (
    Account,
    Block,
    OpenHold,
    Sealed,
    Transfer,
    Unsealed,
    VerifiedBalance,
)
from payments.tests.people import Pockets, charge, good, make_people, posting, report

pytestmark = pytest.mark.mongodb

Story = dict[str, Any]


@pytest.fixture
def story(settings: Any) -> Story:
    """Three small blocks: charges, a hold ended in part, one voided, one still open."""
    settings.LEDGER_BLOCK_TRANSFERS_MAX = 4
    ava, ben = make_people(2, 50)
    pockets = Pockets(ava=ava, ben=ben)
    for number in range(4):
        charge(ava, ben, 2, f"message:{number}")
    seal_waiting(clock.now())
    paid = [posting("fill", pockets["house.sales"], pockets["ava.paid"], 20)]
    holds = [
        pending(posting(f"hold:{n}", pockets["ava.paid"], pockets["house.sales"], 5))
        for n in range(3)
    ]
    post([*paid, *holds], clock.now())
    post([resolution(holds[0], id="hold:0/post", amount=3, kind="call")], clock.now())
    post([resolution(holds[1], id="hold:1/void", amount=0, kind="call")], clock.now())
    seal_waiting(clock.now())
    assert good() and Block.objects.count() >= 3 and not Unsealed.objects.exists()
    return {"ava": ava, "ben": ben, "pockets": pockets}


def rows_of(model: type[models.Model]) -> "models.QuerySet[Any]":
    """A queryset that does what it is told."""
    return models.QuerySet(model)


def change(model: type[models.Model], pk: Any, **values: Any) -> None:
    with triggers_removed():
        assert rows_of(model).filter(pk=pk).update(**values) == 1


def remove(model: type[models.Model], **condition: Any) -> None:
    with triggers_removed():
        rows = rows_of(model).filter(**condition)
        rows._raw_delete(rows.db)


def found(**place: Any) -> None:
    """The whole ledger does not verify, and the first bad place is this one."""
    told = report()
    assert not told.ok and told.problem is not None
    assert {name: told.problem.get(name) for name in place} == place, told.problem
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_ledger")
    assert exit_.value.code == 1


def place_of(transfer_id: str) -> dict[str, Any]:
    sequence = Sealed.objects.get(transfer_id=transfer_id).sequence
    block = Block.objects.filter(first_sequence__lte=sequence).order_by("-number")[0]
    return {"sequence": sequence, "block": block.number, "transfer": transfer_id}


COLUMNS: dict[str, Callable[[Transfer], Any]] = {
    "debit_id": lambda row: row.credit_id,
    "credit_id": lambda row: row.debit_id,
    "amount": lambda row: row.amount + 1,
    "asset": lambda _row: "INR",
    "kind": lambda _row: "gift",
    "group": lambda row: row.group + "x",
    "phase": lambda _row: "void",
    "resolves": lambda row: row.resolves + "x",
    "created_at": lambda row: clock.from_milliseconds(to_milliseconds(row.created_at) + 1),
    "meta": lambda _row: '{"message_id":"other"}',
    "leaf_hash": lambda row: row.leaf_hash[::-1],
}


def test_no_column_is_forgotten() -> None:
    columns = {field.attname for field in Transfer._meta.concrete_fields}
    assert columns == COLUMNS.keys() | {"id"}


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edited_column(story: Story, column: str) -> None:
    row = Transfer.objects.get(pk="message:1")
    change(Transfer, row.pk, **{column: COLUMNS[column](row)})
    found(**place_of(row.pk))
    change(Transfer, row.pk, **{column: getattr(row, column)})
    assert good()


def test_a_renamed_transfer(story: Story) -> None:
    row = Transfer.objects.get(pk="message:2")
    remove(Transfer, pk=row.pk)
    row.pk = "message:renamed"
    row._state.adding = True
    row.save()
    found(**place_of("message:2"))


def test_swapped_amounts(story: Story) -> None:
    change(Transfer, "fill", amount=2)
    change(Transfer, "message:3", amount=20)
    found(**place_of("message:3"))


def test_a_row_with_a_fitting_hash(story: Story) -> None:
    """The forger knows how leaf hashes are made; the Merkle root still tells."""
    rehash("message:1", amount=1)
    place = place_of("message:1")
    first = Block.objects.get(number=place["block"]).first_sequence
    found(block=place["block"], sequence=first)


def rehash(transfer_id: str, **values: Any) -> None:
    change(Transfer, transfer_id, **values)
    (row,) = TRANSFERS.select("id", [transfer_id])
    digest = leaf_hash(leaf_of(posting_of(row), str(to_milliseconds(row[9])))).hex()
    change(Transfer, transfer_id, leaf_hash=digest)


def test_a_removed_row(story: Story) -> None:
    place = place_of("message:2")
    remove(Transfer, pk="message:2")
    found(**place)


def test_a_row_removed_with_its_place(story: Story) -> None:
    place = place_of("message:2")
    remove(Transfer, pk="message:2")
    remove(Sealed, transfer_id="message:2")
    found(block=place["block"], sequence=place["sequence"])


def test_swapped_places(story: Story) -> None:
    one, two = (Sealed.objects.get(transfer_id=f"message:{n}") for n in (0, 1))
    remove(Sealed, pk__in=[one.pk, two.pk])
    Sealed.objects.create(sequence=one.pk, transfer_id=two.transfer_id, kind=two.kind)
    Sealed.objects.create(sequence=two.pk, transfer_id=one.transfer_id, kind=one.kind)
    found(block=place_of("message:0")["block"])


def test_a_place_among_another_kind(story: Story) -> None:
    sealed = Sealed.objects.get(transfer_id="fill")
    change(Sealed, sealed.pk, kind="gift")
    found(sequence=sealed.pk, transfer="fill")


def test_an_inserted_row(story: Story) -> None:
    row = Transfer.objects.get(pk="fill")
    row.pk, row._state.adding = "forged", True
    row.save()
    told = report()
    assert not told.ok and "stored" in (told.problem or {})["reason"]


@pytest.mark.parametrize("model", [Sealed, Transfer])
def test_a_cut_tail(story: Story, model: type[models.Model]) -> None:
    """The last block goes with its transfers and places, as if it had never been."""
    last = Block.objects.order_by("-number")[0]
    places = Sealed.objects.filter(sequence__gte=last.first_sequence)
    ids = list(places.values_list("transfer_id", flat=True))
    remove(Block, pk=last.pk)
    remove(Sealed, sequence__gte=last.first_sequence)
    if model is Transfer:
        remove(Transfer, pk__in=ids)
        remove(OpenHold, pk__in=ids)
        fit_balances()
    found(block=last.pk, sequence=last.first_sequence)


def fit_balances() -> None:
    """Make the running balances what the transfers that are left come to."""
    sums: dict[UUID, int] = {}
    held: dict[UUID, int] = {}
    resolved = set(Transfer.objects.exclude(resolves="").values_list("resolves", flat=True))
    for row in Transfer.objects.all():
        if row.phase in ("posted", "post"):
            sums[row.debit_id] = sums.get(row.debit_id, 0) - row.amount
            sums[row.credit_id] = sums.get(row.credit_id, 0) + row.amount
        if row.phase == "pending" and row.pk not in resolved:
            held[row.debit_id] = held.get(row.debit_id, 0) + row.amount
    for account in Account.objects.exclude(owner=None):
        rows_of(Account).filter(pk=account.pk).update(
            balance=sums.get(account.pk, 0), held=held.get(account.pk, 0)
        )


def test_a_rewritten_and_signed_history(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody with the key and the database writes it all anew; only the outside heads tell."""
    rehash("message:1", amount=1)
    fit_balances()
    order = list(Sealed.objects.order_by("sequence").values_list("transfer_id", flat=True))
    for model in (Block, Sealed, VerifiedBalance):
        remove(model, pk__isnull=False)
    rewrite_notes(order)
    with monkeypatch.context() as patched:
        patched.setattr(signing, "append_head", lambda _head: None)
        seal_waiting(clock.now())
    found(block=1)
    for file in signing.head_files():
        file.path.unlink()
    told = report()
    assert not told.ok and "outside head" in (told.problem or {})["reason"]


def rewrite_notes(order: list[str]) -> None:
    rows: dict[str, Row] = {row[0]: row for row in TRANSFERS.select("id", order)}
    keys = {account.pk.hex: account for account in Account.objects.filter(owner=None)}
    notes = []
    for number, transfer_id in enumerate(order):
        row = rows[transfer_id]
        house = {}
        if row[7] in ("posted", "post"):
            for account, sign in ((row[1], -1), (row[2], 1)):
                if account in keys:
                    house[keys[account].key] = sign * row[3]
        leaves = f'[["{transfer_id}","{row[11]}"]]'
        notes.append((number, 1, leaves, str(house).replace("'", '"')))
    run_atomic(lambda: UNSEALED.insert(notes))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("first_sequence", 100),
        ("count", 1),
        ("previous_hash", "0" * 64),
        ("root", "0" * 64),
        ("totals", "{}"),
        ("sealed_at", clock.from_milliseconds(0)),
        ("key", "0" * 64),
        ("hash", "0" * 64),
        ("signature", "0" * 128),
    ],
)
def test_an_edited_block(story: Story, column: str, value: Any) -> None:
    change(Block, 2, **{column: value})
    found(block=2)


def test_a_missing_block(story: Story) -> None:
    remove(Block, pk=2)
    found(block=3)


def test_an_edited_balance(story: Story) -> None:
    key = story["pockets"].key("ava.bonus")
    rows_of(Account).filter(key=key).update(balance=1_000)
    found(account=key)
    charge(story["ava"], story["ben"], 1, "message:after")
    assert not report(incremental=True).ok, "the account was touched since"


def test_a_removed_account(story: Story) -> None:
    spare = Account.objects.filter(kind="earnings").first()
    assert spare is not None
    remove(Account, pk=spare.pk)
    assert report().ok, "it had no transfers"
    rows_of(Account).filter(key=story["pockets"].key("ben.bonus")).update(key="x:y:z")
    found(account="x:y:z")


def test_swapped_owners(story: Story) -> None:
    """Each account stands where its transfers put it, and yet Ava has what was Ben's."""
    ava, ben = (Account.objects.get(key=story["pockets"].key(f"{n}.bonus")) for n in ("ava", "ben"))
    rows_of(Account).filter(pk=ava.pk).update(key="spare")
    rows_of(Account).filter(pk=ben.pk).update(key=ava.key, owner=story["ava"])
    rows_of(Account).filter(pk=ava.pk).update(key=ben.key, owner=story["ben"])
    told = report()
    assert not told.ok and "somebody else's" in (told.problem or {})["reason"]
    assert (told.problem or {})["account"] in (ava.key, ben.key)


def test_holds_that_were_forgotten_or_made_up(story: Story) -> None:
    remove(OpenHold, pk="hold:2")
    found(transfer="hold:2")
    OpenHold.objects.create(transfer_id="hold:2", created_at=clock.now())
    assert good()
    OpenHold.objects.create(transfer_id="hold:0", created_at=clock.now())
    found(transfer="hold:0")


def test_a_transfer_that_waits_to_be_sealed(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    charge(story["ava"], story["ben"], 1, "message:late")
    change(Transfer, "message:late", amount=2)
    monkeypatch.setattr("payments.ledger.verification.seal_waiting", lambda _now: 0)
    found(transfer="message:late")
    monkeypatch.undo()
    found(transfer="message:late", sequence=Sealed.objects.count() + 1)


def test_the_incremental_run_looks_at_what_is_new(story: Story) -> None:
    change(Transfer, "message:1", amount=1)
    assert report(incremental=True).ok, "what was verified before is left to the full run"
    charge(story["ava"], story["ben"], 1, "message:new")
    seal_waiting(clock.now())
    change(Transfer, "message:new", amount=2)
    told = report(incremental=True)
    assert not told.ok and told.problem == {
        **place_of("message:new"),
        "reason": "its columns do not give its leaf hash",
    }
    change(Transfer, "message:new", amount=1)
    change(Transfer, "message:1", amount=2)
    assert good()
    change(Block, Block.objects.count(), hash="0" * 64)
    told = report(incremental=True)
    assert not told.ok and "verified before" in (told.problem or {})["reason"]


def test_a_made_up_head(story: Story) -> None:
    (file, *_rest) = signing.head_files()
    newest = file.newest("ledger")
    assert newest is not None
    with file.path.open("a") as lines:
        lines.write('{"chain":"ledger","number":99,"last_sequence":999,"hash":"')
        lines.write(f'{newest.hash}","key":"{newest.key}","signature":"{newest.signature}"}}\n')
    found(block=Block.objects.count() + 1)
    file.path.write_bytes(file.path.read_bytes().replace(newest.hash[:20].encode(), b"0" * 20))
    told = report()
    assert not told.ok
