"""The bulk door: rows as tuples straight through the driver, compiled once, on both databases.

The hot writes (messages, transfers, events) touch ten tables in a commit. Building and compiling
ORM objects for them costs more than the commit itself, so these few statements go around the
ORM: ``executemany`` on SQLite, ``insert_many`` and ``bulk_write`` on MongoDB. Values in and out
are the same Python values that the model would give. Everything else uses the ORM.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError, IntegrityError, models

from pairly.core.db import StaleRead, is_mongodb, this_connection

__all__ = ["Row", "Table"]

SELECTED_AT_ONCE = 8192
"""Below SQLite's 32,766 variables of a statement, also when padded."""

Row = tuple[Any, ...]
Converter = Callable[[Any], Any]
Converters = list[tuple[int, Converter]]
"""With their places in the row; most columns need none."""


@lru_cache(maxsize=32_768)
def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(hex=text)


def _hex(value: UUID | None) -> str | None:
    return None if value is None else value.hex


@lru_cache(maxsize=64)
def _sqlite_time(moment: datetime | None) -> str | None:
    """Django's form in SQLite; one operation has one ``now``, so the cache nearly always hits."""
    return None if moment is None else str(moment.astimezone(UTC).replace(tzinfo=None))


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=4096)
def _from_sqlite_date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _from_mongodb_date(midnight: datetime | None) -> date | None:
    return None if midnight is None else midnight.date()


@lru_cache(maxsize=4096)
def _from_sqlite_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _padded(values: Collection[Any]) -> list[Any]:
    """Repeat the last value up to a power of two, so that few statements are ever compiled."""
    filled = list(values)
    filled.extend([filled[-1]] * ((1 << (len(filled) - 1).bit_length()) - len(filled)))
    return filled


class Table:
    """Some columns of one model, named as the model names them (``sender_id`` for a key), or all.

    Methods take and return tuples in the order of the columns. Call writes inside ``atomic()``.
    With ``hex_ids`` a UUID goes in and out as the 32 hex digits that both databases store.
    """

    def __init__(self, model: type[models.Model], *columns: str, hex_ids: bool = False) -> None:
        self._model = model
        self._hex_ids = hex_ids
        self.columns = columns or tuple(field.attname for field in model._meta.concrete_fields)
        self._encoders_found: dict[tuple[str, ...], Converters] = {}
        self._statements: dict[tuple[Any, ...], str] = {}

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert the rows. Raises ``IntegrityError`` on a broken unique constraint."""
        if not rows:
            return
        rows = self._encoded(self.columns, rows)
        if is_mongodb():
            names = self._insertable_columns
            with _wrapped_errors():
                self._collection().insert_many(
                    [dict(zip(names, row, strict=True)) for row in rows], session=_session()
                )
        else:
            self._executemany(self._insert_statement, rows)

    def select(self, column: str, values: Collection[Any]) -> list[Row]:
        """The rows whose column is one of the values, in no order. One query, by index, for as
        many values as a statement may carry."""
        if not values:
            return []
        if len(values) > SELECTED_AT_ONCE:
            every = list(values)
            starts = range(0, len(every), SELECTED_AT_ONCE)
            parts = [every[n : n + SELECTED_AT_ONCE] for n in starts]
            return [row for part in parts for row in self.select(column, part)]
        wanted = self._encoded_values(column, values)
        if is_mongodb():
            return self._find({self._database_column(column): {"$in": wanted}})
        wanted = _padded(wanted)
        return self._execute(self._select_statement(column, len(wanted)), wanted)

    def instances(self, column: str, values: Collection[Any]) -> list[Any]:
        """As ``select``, as instances of the model: for what every request asks, of a table of all
        columns."""
        rows = self.select(column, values)
        return [self._model.from_db(DEFAULT_DB_ALIAS, self.columns, row) for row in rows]

    def range(
        self,
        column: str,
        *,
        after: Any = None,
        up_to: Any = None,
        limit: int,
        descending: bool = False,
    ) -> list[Row]:
        """At most ``limit`` rows with ``after < column <= up_to``, in the column's order."""
        bounds = [
            (sql, op, *self._encoded_values(column, [value]))
            for sql, op, value in ((">", "$gt", after), ("<=", "$lte", up_to))
            if value is not None
        ]
        name = self._database_column(column)
        if is_mongodb():
            condition = {name: {op: value for _sql, op, value in bounds}} if bounds else {}
            return self._find(condition, sort=[(name, -1 if descending else 1)], limit=limit)
        where = " AND ".join(f"{self._quoted(column)} {sql} ?" for sql, _op, _value in bounds)
        statement = (
            f"{self._select_from}{' WHERE ' + where if where else ''} "
            f"ORDER BY {self._quoted(column)}{' DESC' if descending else ''} LIMIT ?"
        )
        return self._execute(statement, [*(value for _sql, _op, value in bounds), limit])

    def compare_and_set(
        self, key: str, *, expected: Sequence[str], new: Sequence[str], rows: Sequence[Row]
    ) -> None:
        """Update by ``(key, *expected values, *new values)``, each row only if still as expected.

        Raises ``StaleRead`` when a row was not, which makes ``run_atomic`` run the block again.
        """
        if not rows:
            return
        split = 1 + len(expected)
        rows = self._encoded((key, *expected, *new), rows)
        if is_mongodb():
            matched = self._bulk_update(self._database_columns((key, *expected)), new, rows)
        else:
            statement = self._update_statement((key, *expected), tuple(new))
            matched = self._executemany(statement, [row[split:] + row[:split] for row in rows])
        if matched != len(rows):
            raise StaleRead(f"{self._model.__name__}: {matched} of {len(rows)} rows as expected")

    def delete(self, column: str, values: Collection[Any]) -> int:
        """Delete the rows whose column is one of the values; how many there were."""
        if not values:
            return 0
        wanted = self._encoded_values(column, values)
        if is_mongodb():
            condition = {self._database_column(column): {"$in": wanted}}
            with _wrapped_errors():
                return int(
                    self._collection().delete_many(condition, session=_session()).deleted_count
                )
        statement = f"DELETE FROM {self._name()} WHERE {self._quoted(column)}=?"
        return self._executemany(statement, [(value,) for value in wanted])

    # What follows knows the two drivers.

    def _bulk_update(self, keys: Sequence[str], new: Sequence[str], rows: Sequence[Row]) -> int:
        from pymongo import UpdateOne

        split = len(keys)
        names = self._database_columns(new)
        updates = [
            UpdateOne(
                dict(zip(keys, row[:split], strict=True)),
                {"$set": dict(zip(names, row[split:], strict=True))},
            )
            for row in rows
        ]
        with _wrapped_errors():
            return int(self._collection().bulk_write(updates, session=_session()).matched_count)

    def _find(self, condition: dict[str, Any], **options: Any) -> list[Row]:
        names = self._database_columns(self.columns)
        projection = dict.fromkeys(names, 1) | ({} if "_id" in names else {"_id": 0})
        with _wrapped_errors():
            found = self._collection().find(condition, projection, session=_session(), **options)
            return self._decoded([tuple(map(document.get, names)) for document in found])

    def _execute(self, statement: str, parameters: Sequence[Any]) -> list[Row]:
        connection = _connected()
        with connection.wrap_database_errors:
            return self._decoded(connection.connection.execute(statement, parameters).fetchall())

    def _executemany(self, statement: str, rows: Iterable[Row]) -> int:
        connection = _connected()
        with connection.wrap_database_errors:
            return int(connection.connection.executemany(statement, rows).rowcount)

    def _collection(self) -> Any:
        connection: Any = this_connection()
        return connection.get_collection(self._model._meta.db_table)

    def _name(self) -> str:
        return f'"{self._model._meta.db_table}"'

    def _quoted(self, column: str) -> str:
        return f'"{self._database_column(column)}"'

    def _database_column(self, column: str) -> str:
        return str(self._field(column).column)

    def _database_columns(self, columns: Iterable[str]) -> list[str]:
        return [self._database_column(column) for column in columns]

    def _field(self, column: str) -> "models.Field[Any, Any]":
        return self._fields[column]

    @cached_property
    def _fields(self) -> "dict[str, models.Field[Any, Any]]":
        """By name and by attname (``sender`` and ``sender_id``). Whole before any thread sees it:
        when everybody connects at once, many ask for the first time at once."""
        fields = self._model._meta.concrete_fields
        return {name: field for field in fields for name in (field.name, field.attname)}

    @cached_property
    def _select_from(self) -> str:
        """A plus keeps the driver's own slow converters from times, dates and booleans."""
        names = ",".join(
            f"+{self._quoted(column)}"
            if _stored_type(self._field(column)) in ("DateTimeField", "DateField", "BooleanField")
            else self._quoted(column)
            for column in self.columns
        )
        return f"SELECT {names} FROM {self._name()}"

    @cached_property
    def _insertable_columns(self) -> list[str]:
        """The database's names of the columns. Raises ``TypeError`` when one is left out."""
        missing = {f.attname for f in self._model._meta.concrete_fields} - {
            self._field(column).attname for column in self.columns
        }
        if missing:
            raise TypeError(f"insert into {self._model.__name__} misses {sorted(missing)}")
        return self._database_columns(self.columns)

    @cached_property
    def _insert_statement(self) -> str:
        names = ",".join(f'"{name}"' for name in self._insertable_columns)
        holes = ",".join("?" * len(self.columns))
        return f"INSERT INTO {self._name()} ({names}) VALUES ({holes})"

    def _select_statement(self, column: str, count: int) -> str:
        statement = self._statements.get((column, count))
        if statement is None:
            where = f"{self._quoted(column)} IN ({','.join('?' * count)})"
            statement = self._statements[column, count] = f"{self._select_from} WHERE {where}"
        return statement

    def _update_statement(self, keys: tuple[str, ...], new: tuple[str, ...]) -> str:
        statement = self._statements.get((keys, new))
        if statement is None:
            sets = ",".join(f"{self._quoted(name)}=?" for name in new)
            where = " AND ".join(f"{self._quoted(name)}=?" for name in keys)
            statement = f"UPDATE {self._name()} SET {sets} WHERE {where}"
            self._statements[keys, new] = statement
        return statement

    def _encoders(self, columns: tuple[str, ...]) -> Converters:
        """Found once for each combination of columns; a process has one database."""
        found = self._encoders_found.get(columns)
        if found is None:
            mongodb = is_mongodb()
            found = self._encoders_found[columns] = _placed(
                _encoder_of(self._field(column), mongodb, self._hex_ids) for column in columns
            )
        return found

    @cached_property
    def _decoders(self) -> Converters:
        mongodb = is_mongodb()
        return _placed(
            _decoder_of(self._field(name), mongodb, self._hex_ids) for name in self.columns
        )

    def _encoded_values(self, column: str, values: Collection[Any]) -> list[Any]:
        encoders = self._encoders((column,))
        return list(map(encoders[0][1], values)) if encoders else list(values)

    def _encoded(self, columns: tuple[str, ...], rows: Sequence[Row]) -> Sequence[Row]:
        return _converted(rows, self._encoders(columns))

    def _decoded(self, rows: list[Row]) -> list[Row]:
        return list(_converted(rows, self._decoders))


def _placed(converters: Iterable[Converter | None]) -> Converters:
    return [(place, one) for place, one in enumerate(converters) if one is not None]


def _converted(rows: Sequence[Row], converters: Converters) -> Sequence[Row]:
    """Column by column, because most columns need nothing and ``map`` runs in C; a single row
    is not worth turning round."""
    if not rows or not converters:
        return rows
    if len(rows) == 1:
        values = list(rows[0])
        for place, convert in converters:
            values[place] = convert(values[place])
        return [tuple(values)]
    columns: list[Any] = list(zip(*rows, strict=True))
    for place, convert in converters:
        columns[place] = map(convert, columns[place])
    return list(zip(*columns, strict=True))


def _stored_type(field: "models.Field[Any, Any]") -> str:
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return str(field.get_internal_type())


def _encoder_of(field: "models.Field[Any, Any]", mongodb: bool, hex_ids: bool) -> Converter | None:
    kind = _stored_type(field)
    if kind == "UUIDField":
        return None if hex_ids else _hex
    if kind == "DateTimeField":
        return None if mongodb else _sqlite_time
    return None


def _decoder_of(field: "models.Field[Any, Any]", mongodb: bool, hex_ids: bool) -> Converter | None:
    kind = _stored_type(field)
    if kind == "UUIDField":
        return None if hex_ids else _uuid
    if kind == "DateTimeField":
        return _aware if mongodb else _from_sqlite_time
    if kind == "DateField":
        return _from_mongodb_date if mongodb else _from_sqlite_date
    if kind == "BooleanField":
        return bool
    return None


def _connected() -> Any:
    """This thread's connection, which a transaction has opened already."""
    connection = this_connection()
    if not connection.in_atomic_block:
        connection.ensure_connection()
    return connection


def _session() -> Any:
    connection: Any = this_connection()
    return connection.session


@contextmanager
def _wrapped_errors() -> Any:
    """The driver's errors as Django's, the cause kept, since its labels decide about a retry."""
    from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

    try:
        yield
    except BulkWriteError as error:
        duplicate = any(e.get("code") == 11000 for e in error.details.get("writeErrors", ()))
        raise (IntegrityError if duplicate else DatabaseError)(str(error)) from error
    except DuplicateKeyError as error:
        raise IntegrityError(str(error)) from error
    except PyMongoError as error:
        raise DatabaseError(str(error)) from error
