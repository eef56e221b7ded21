"""Sealing: blocks of a bounded size, in order, by one of many sealers, and beside writers."""

import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from pairly.core import clock, signing
from pairly.core.chain import signature_is_valid
from pairly.core.db import is_mongodb, run_atomic
from payments import tasks
from payments.checks import check_ledger_settings
from payments.ledger import verification
from payments.ledger.invariants import violations
from payments.ledger.outside import OutsideHeads
from payments.ledger.sealing import seal_waiting
from payments.ledger.services import post
from payments.models import Block, Sealed, Transfer, Unsealed
from payments.tests.people import Pockets, charge, good, make_people, posting, report
from payments.tests.test_ledger import at_once


@pytest.mark.mongodb
def test_blocks_are_full_numbered_linked_and_signed(settings: Any) -> None:
    settings.LEDGER_BLOCK_TRANSFERS_MAX = 250
    ava, *_others = make_people(1)
    pockets = Pockets(ava=ava)
    for start in (0, 300, 600):
        batch = [
            posting(f"op:{number}", pockets["house.sales"], pockets["ava.paid"], 1)
            for number in range(start, start + 300)
        ]
        post(batch, clock.now())
    assert tasks.seal_ledger() == 900 and not Unsealed.objects.exists()
    blocks = list(Block.objects.order_by("number"))
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    assert [block.count for block in blocks] == [200, 200, 200, 200, 100]
    for block, following in zip(blocks, blocks[1:], strict=False):
        assert following.first_sequence == block.first_sequence + block.count
        assert following.previous_hash == block.hash
        assert signature_is_valid(
            public_key=block.key, signature=block.signature, hash_hex=block.hash
        )
    order = Sealed.objects.order_by("sequence").values_list("transfer_id", flat=True)
    assert list(order) == [f"op:{number}" for number in range(900)]
    assert tasks.seal_ledger() == 0 and good()


@pytest.mark.mongodb
def test_sealers_at_once_make_one_chain(settings: Any) -> None:
    settings.LEDGER_BLOCK_TRANSFERS_MAX = 5
    ava, ben = make_people(2, 100)
    for number in range(40):
        charge(ava, ben, 1, f"message:{number}")
    sealed = at_once(4, lambda _index: seal_waiting(clock.now()))
    assert sum(sealed) == 42, sealed
    assert Sealed.objects.count() == Transfer.objects.count() == 42
    assert good()


@pytest.mark.mongodb
def test_verification_while_people_spend_and_sealers_seal(settings: Any) -> None:
    settings.LEDGER_BLOCK_TRANSFERS_MAX = 7
    people = make_people(3, 1_000)
    stop = threading.Event()
    failed: list[BaseException] = []

    def work(index: int) -> None:
        try:
            number = 0
            while not stop.is_set():
                number += 1
                charge(people[index], people[0], 1, f"message:{index}:{number}")
                if number % 10 == 0:
                    seal_waiting(clock.now())
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    reports = [report(incremental=number % 2 == 1) for number in range(10)]
    broken = violations()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed and not broken
    assert all(told.ok for told in reports), reports
    assert reports[-1].transfers > reports[0].transfers
    assert good() and not violations()


def test_the_first_block_may_come_while_a_verification_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reads_heads_first(*arguments: Any, **options: Any) -> OutsideHeads:
        heads = OutsideHeads(*arguments, **options)
        make_people(1, 10)
        seal_waiting(clock.now())
        return heads

    for file in signing.head_files():
        file.path.unlink(missing_ok=True)
    monkeypatch.setattr(verification, "OutsideHeads", reads_heads_first)
    told = verification.verify(clock.now(), incremental=True)
    assert (told.ok, told.problem, told.blocks) == (True, None, 1)


def test_heads_are_told_to_every_file(settings: Any, tmp_path: Any) -> None:
    settings.LEDGER_HEADS_FILE = str(tmp_path / "elsewhere" / "heads.jsonl")
    ava, ben = make_people(2, 10)
    seal_waiting(clock.now())
    charge(ava, ben, 1, "message:1")
    seal_waiting(clock.now())
    inside, elsewhere = signing.head_files()
    assert list(inside.heads("ledger")) == list(elsewhere.heads("ledger"))
    assert [head.number for head in inside.heads("ledger")] == [1, 2]
    with inside.path.open("ab") as torn:
        torn.write(b'{"chain":"ledger","number":3,"las')
    assert good()
    elsewhere.path.write_bytes(b"")
    assert good(), "one file is enough"


def test_a_new_key_and_the_retired_one(settings: Any) -> None:
    ava, ben = make_people(2, 10)
    seal_waiting(clock.now())
    old = signing.signing_key().public_key
    settings.LEDGER_SIGNING_KEY = "42" * 32
    told = report()
    assert not told.ok and told.problem is not None
    assert (told.problem["block"], told.problem["reason"]) == (1, "it is signed by an unknown key")
    settings.LEDGER_RETIRED_KEYS = [old]
    charge(ava, ben, 1, "message:1")
    assert good()
    assert set(Block.objects.values_list("key", flat=True)) == set(signing.trusted_public_keys())


def test_production_refuses_to_sign_without_a_key(settings: Any, tmp_path: Any) -> None:
    assert check_ledger_settings() == []
    settings.MOCK_MODE = False
    assert [error.id for error in check_ledger_settings()] == ["payments.E001"]
    with pytest.raises(ValueError, match="LEDGER_SIGNING_KEY"):
        seal_waiting(clock.now())
    for name, value in (
        ("LEDGER_SIGNING_KEY", "short"),
        ("LEDGER_SIGNING_KEY_FILE", str(tmp_path / "absent")),
    ):
        setattr(settings, name, value)
        assert [error.id for error in check_ledger_settings()] == ["payments.E001"]
        setattr(settings, name, "")
    key_file = tmp_path / "key"
    key_file.write_text("17" * 32 + "\n")
    settings.LEDGER_SIGNING_KEY_FILE = str(key_file)
    assert check_ledger_settings() == []
    settings.MESSAGE_RECIPIENT_SHARE_PERCENT = 101
    assert [error.id for error in check_ledger_settings()] == ["payments.E002"]


def test_the_tasks_and_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    ava, ben = make_people(2, 10)
    charge(ava, ben, 3, "message:1")
    assert tasks.verify_ledger_incremental() and tasks.verify_ledger_full()
    call_command("verify_ledger")
    assert "The ledger verifies: 3 transfers" in capsys.readouterr().out
    call_command("verify_ledger", "--incremental", "--json")
    assert '"ok": true' in capsys.readouterr().out


def test_a_crash_while_the_checkpoint_was_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    ava, ben = make_people(2, 10)
    assert report(incremental=True).ok
    charge(ava, ben, 3, "message:1")
    with monkeypatch.context() as patched:
        from payments.ledger import checkpoints

        def crash(*_rows: Any) -> None:
            raise KeyboardInterrupt

        patched.setattr(checkpoints.CHECKPOINTS, "insert", crash)
        with pytest.raises(KeyboardInterrupt):
            report(incremental=True)
    charge(ava, ben, 2, "message:2")
    assert good() and good()


@pytest.mark.mongodb
def test_a_verification_that_was_overtaken_moves_nothing_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An operator's run and the clock's: the earlier one saves in the middle of the later's."""
    from payments.ledger import checkpoints, verification

    ava, ben = make_people(2, 10)
    assert report(incremental=True).ok
    charge(ava, ben, 3, "message:1")
    earlier: list[tuple[Any, ...]] = []
    save, run = checkpoints.save_checkpoint, run_atomic
    with monkeypatch.context() as patched:
        patched.setattr(verification, "save_checkpoint", lambda *values: earlier.append(values))
        assert report(incremental=True).ok
    charge(ava, ben, 2, "message:2")
    with monkeypatch.context() as patched:
        saved: list[int] = []

        def overtaken(block: Any) -> Any:
            saved.append(1)
            if len(saved) == 2:  # the balances are there, the position follows
                save(*earlier.pop())
            return run(block)

        patched.setattr(checkpoints, "run_atomic", overtaken)
        assert report(incremental=True).ok
    charge(ava, ben, 1, "message:3")
    latest = report(incremental=True)
    assert latest.ok, latest.problem
    assert good()


@pytest.mark.mongodb
def test_the_database_itself_refuses_an_overdraft() -> None:
    from django.db import DatabaseError

    from pairly.core.db import atomic
    from payments.models import Account

    ava, *_rest = make_people(1, 10)
    account = Account.objects.filter(owner_id=ava, kind="bonus")
    for values in ({"balance": -1}, {"held": -1}, {"held": 11}):
        with pytest.raises(DatabaseError), atomic():
            account.update(**values)
    assert account.values_list("balance", "held").get() == (10, 0), is_mongodb()
