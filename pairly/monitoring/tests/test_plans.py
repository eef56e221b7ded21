"""What the rules and the metrics read, as SQLite plans it; the same columns lead the indexes of
MongoDB."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pairly.core import clock
from pairly.monitoring import gauges
from pairly.monitoring.services import check_rules

SMALL_TABLES = ("jobs_jobrun",)


@pytest.mark.parametrize(
    "read", [lambda: check_rules(clock.now()), gauges._read], ids=["rules", "gauges"]
)
def test_nothing_reads_a_whole_table(read: Callable[[], Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        read()
    reads = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    assert len(reads) >= 8
    for sql in reads:
        if not any(table in sql for table in SMALL_TABLES):
            assert_seeks(sql)


def assert_seeks(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        steps = [row[3] for row in cursor.fetchall()]
    assert "LIMIT" in sql, sql
    scans = [step for step in steps if step.startswith("SCAN") and "INDEX" not in step]
    # The first rows of a table, whichever they are, need no index.
    assert not scans or "WHERE" not in sql, sql
