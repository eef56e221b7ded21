"""Tables that only grow refuse in Python on both databases, and in SQLite itself."""

import pytest
from django.db import DatabaseError, models

from pairly.core import clock
from pairly.core.appendonly import AppendOnlyViolation, triggers_removed
from pairly.core.db import atomic, is_mongodb
from payments.models import Block

pytestmark = pytest.mark.mongodb


def block(number: int) -> Block:
    values = {"previous_hash": "0", "root": "0", "key": "0", "hash": "0", "signature": "0"}
    return Block.objects.create(
        number=number,
        first_sequence=number,
        count=1,
        totals="{}",
        sealed_at=clock.now(),
        **values,
    )


def test_rows_are_inserted_and_never_changed_or_deleted() -> None:
    row = block(1)
    for change in (
        row.save,
        row.delete,
        Block.objects.all().delete,
        lambda: Block.objects.update(count=2),
        lambda: Block.objects.filter(number=1).update(count=2),
        lambda: Block.objects.bulk_update([row], ["count"]),
        lambda: Block.objects.get(number=1).save(),
    ):
        with pytest.raises(AppendOnlyViolation):
            change()
    assert Block.objects.values_list("count", flat=True).get() == 1


def test_sqlite_refuses_what_goes_around_python() -> None:
    if is_mongodb():
        pytest.skip("MongoDB has no triggers; the chain tells")
    block(1)
    rows: models.QuerySet[Block] = models.QuerySet(Block)
    with pytest.raises(DatabaseError, match="append-only"), atomic():
        rows.update(count=2)
    with pytest.raises(DatabaseError, match="append-only"), atomic():
        rows.filter(number=1).delete()
    with triggers_removed():
        rows.update(count=2)
    with pytest.raises(DatabaseError, match="append-only"), atomic():
        rows.update(count=3)
    assert Block.objects.values_list("count", flat=True).get() == 2
