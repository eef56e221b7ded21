"""The audit log: written with the action, and every tampering with it found."""

from collections.abc import Callable
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from pairly.audit.models import AuditBlock, AuditEntry, Sealed, Unsealed
from pairly.audit.services import record
from pairly.audit.tasks import seal_audit
from pairly.audit.verify import problems
from pairly.core import signing
from pairly.core.appendonly import AppendOnlyViolation, triggers_removed
from pairly.core.db import atomic, is_mongodb, run_atomic
from pairly.core.ids import new_id


@pytest.fixture(autouse=True)
def fresh_heads() -> None:
    """Heads outlive a database on purpose; each test here has a database of its own."""
    for file in signing.head_files():
        file.path.unlink(missing_ok=True)


def note(reason: str = "spam") -> AuditEntry:
    return run_atomic(
        lambda: record(
            actor_id=new_id(),
            action="user.suspended",
            target_type="user",
            target_id=new_id(),
            reason=reason,
            before={"suspended_at": None},
            after={"suspended_at": "2026-01-01T12:00:00.000Z"},
            request_id="r1",
        )
    )


def verify() -> str:
    output, errors = StringIO(), StringIO()
    try:
        call_command("verify_audit", stdout=output, stderr=errors)
    except CommandError:
        return "broken: " + errors.getvalue()
    return output.getvalue()


@pytest.mark.mongodb
def test_entries_are_sealed_into_blocks_and_verify(settings: Any) -> None:
    assert "0 entries in 0 blocks" in verify()
    settings.AUDIT_BLOCK_ENTRIES_MAX = 3
    for number in range(7):
        note(f"reason {number}")
    assert seal_audit() == 7 and seal_audit() == 0
    assert "7 entries in 3 blocks" in verify()
    note("later")
    assert list(problems()) == []  # what waits to be sealed is no problem
    assert "8 entries in 4 blocks" in verify()
    entries = AuditEntry.objects.order_by("id").values_list("id", flat=True)
    assert list(Sealed.objects.order_by("sequence").values_list("entry_id", flat=True)) == list(
        entries
    )


@pytest.mark.mongodb
def test_an_entry_is_kept_with_its_action_or_not_at_all() -> None:
    with pytest.raises(RuntimeError):
        record(actor_id=None, action="user.viewed", target_type="user", target_id="x")
    with pytest.raises(ZeroDivisionError), atomic():
        record(actor_id=None, action="user.viewed", target_type="user", target_id="x")
        _ = 1 / 0
    assert not AuditEntry.objects.exists() and not Unsealed.objects.exists()


@pytest.mark.mongodb
def test_entries_are_never_changed_or_deleted() -> None:
    entry = note()
    entry.reason = "other"
    for forbidden in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(reason="other"),
    ):
        with pytest.raises(AppendOnlyViolation):
            forbidden()
    assert AuditEntry.objects.get().reason == "spam"


def change(table: str, column: str, value: Any, key: Any) -> None:
    """What somebody with the database in hand would do."""
    if is_mongodb():
        raw: Any = connection
        raw.get_collection(table).update_one({"_id": key}, {"$set": {column: value}})
        return
    with triggers_removed(), connection.cursor() as cursor:
        statement = f'UPDATE {table} SET "{column}" = %s WHERE "_id" = %s'
        cursor.execute(statement, [value, key])


def remove(table: str, key: Any) -> None:
    if is_mongodb():
        raw: Any = connection
        raw.get_collection(table).delete_one({"_id": key})
        return
    with triggers_removed(), connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM {table} WHERE "_id" = %s', [key])


COLUMNS = {
    "actor_id": UUID(int=7).hex,
    "action": "user.restored",
    "target_type": "message",
    "target_id": "x",
    "reason": "a good one",
    "before": "{}",
    "after": "{}",
    "request_id": "r2",
    "leaf_hash": "0" * 64,
}


@pytest.mark.mongodb
@pytest.mark.parametrize("column", sorted(COLUMNS))
def test_a_changed_column_of_an_entry_is_found(column: str) -> None:
    entries = [note(f"reason {number}") for number in range(3)]
    seal_audit()
    change("audit_auditentry", column, COLUMNS[column], entries[1].pk.hex)
    found = verify()
    assert found.startswith("broken") and "entry 2" in found


@pytest.mark.mongodb
def test_a_removed_entry_and_a_cut_tail_are_found(settings: Any) -> None:
    settings.AUDIT_BLOCK_ENTRIES_MAX = 2
    entries = [note(f"reason {number}") for number in range(4)]
    seal_audit()
    remove("audit_auditentry", entries[2].pk.hex)
    assert "entry 3 is missing" in verify()
    for sequence in (3, 4):
        remove("audit_sealed", sequence)
    remove("audit_auditentry", entries[3].pk.hex)
    remove("audit_auditblock", 2)
    assert "block 2, told to the outside, is gone" in verify()


@pytest.mark.mongodb
def test_swapped_and_smuggled_entries_are_found() -> None:
    entries = [note(f"reason {number}") for number in range(3)]
    seal_audit()
    change("audit_sealed", "entry_id", UUID(int=1).hex, 2)
    change("audit_sealed", "entry_id", entries[1].pk.hex, 1)
    change("audit_sealed", "entry_id", entries[0].pk.hex, 2)
    assert "are not those of block 1" in verify()
    change("audit_sealed", "entry_id", UUID(int=1).hex, 2)
    change("audit_sealed", "entry_id", entries[0].pk.hex, 1)
    change("audit_sealed", "entry_id", entries[1].pk.hex, 2)
    assert verify().startswith("The audit log is as written")
    smuggled = note("never happened")
    Unsealed.objects.all().delete()
    assert f"entry {smuggled.pk} was slipped in" in verify()


HEADER: dict[str, tuple[Any, Callable[[str], bool]]] = {
    "count": (1, lambda found: "header of block 1 was changed" in found),
    "root": ("0" * 64, lambda found: "header of block 1 was changed" in found),
    "previous_hash": ("1" * 64, lambda found: "does not follow" in found),
    "hash": ("2" * 64, lambda found: "not the one told to the outside" in found),
    "signature": ("3" * 128, lambda found: "signature of block 1 is wrong" in found),
    "key": ("4" * 64, lambda found: "unknown key" in found),
}


@pytest.mark.mongodb
@pytest.mark.parametrize("column", sorted(HEADER))
def test_a_changed_block_is_found(column: str) -> None:
    note()
    note()
    seal_audit()
    value, told = HEADER[column]
    change("audit_auditblock", column, value, 1)
    assert told(verify())


@pytest.mark.mongodb
def test_a_rewritten_history_does_not_meet_the_outside_head() -> None:
    note("the truth")
    seal_audit()
    if is_mongodb():
        raw: Any = connection
        for table in ("audit_auditentry", "audit_sealed", "audit_auditblock"):
            raw.get_collection(table).delete_many({})
    else:
        with triggers_removed(), connection.cursor() as cursor:
            for model in (AuditEntry, Sealed, AuditBlock):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
    note("a lie")
    seal_audit()
    assert "block 1 is not the one told to the outside" in verify()
