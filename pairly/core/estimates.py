"""How many rows a table has, without counting them."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

from pairly.core.db import is_mongodb

__all__ = ["bounded_count", "row_estimate"]


def bounded_count(rows: "models.QuerySet[Any]", most: int) -> int:
    """How many, looking at no more than ``most`` of them."""
    return len(rows.order_by().values_list("pk", flat=True)[:most])


def row_estimate(model: type[models.Model]) -> int:
    """About how many rows there are, in constant time.

    MongoDB tells what its collection's metadata says. On SQLite it is the number of the newest
    row, which is right for tables that nothing is deleted from.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    table = model._meta.db_table
    if is_mongodb():
        return int(connection.get_collection(table).estimated_document_count())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(rowid) FROM {connection.ops.quote_name(table)}")
        return int(cursor.fetchone()[0] or 0)
