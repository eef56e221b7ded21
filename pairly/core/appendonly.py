"""Tables that only grow: guarded in Python, and on SQLite by triggers as well.

Rows are inserted and never changed. ``save`` on a stored row, ``delete`` and the queryset's
writes refuse. The triggers are put in place after every ``migrate`` (a table that SQLite rebuilds
loses them), and on MongoDB, which has none, the hash chain tells what was changed.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.signals import post_migrate

from pairly.core.db import is_mongodb

__all__ = [
    "AppendOnlyModel",
    "AppendOnlyViolation",
    "guard_after_migrate",
    "install_triggers",
    "remove_triggers",
    "triggers_removed",
]


class AppendOnlyViolation(RuntimeError):
    """Code tried to change or delete a row of a table that only grows."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def _refuse(self, *_arguments: Any, **_values: Any) -> NoReturn:
        raise AppendOnlyViolation(f"{self.model.__name__} rows are never changed or deleted")

    update = delete = bulk_update = update_or_create = _refuse
    aupdate = adelete = abulk_update = aupdate_or_create = _refuse
    _raw_delete = _refuse


class AppendOnlyModel(models.Model):
    """A model whose rows are written once."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *arguments: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyViolation(f"{type(self).__name__} rows are never changed")
        super().save(*arguments, **{**options, "force_insert": True})

    def delete(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise AppendOnlyViolation(f"{type(self).__name__} rows are never deleted")


def guard_after_migrate(app: AppConfig) -> None:
    """Call in ``ready()``: each ``migrate`` then ends with the app's triggers in place."""
    post_migrate.connect(_after_migrate, sender=app, dispatch_uid=f"appendonly.{app.label}")


def _after_migrate(sender: AppConfig, using: str, **_values: Any) -> None:
    if using == DEFAULT_DB_ALIAS:
        present = connections[using].introspection.table_names()
        models_of_app = append_only_models(sender)
        install_triggers(model for model in models_of_app if model._meta.db_table in present)


def append_only_models(app: AppConfig | None = None) -> list[type[AppendOnlyModel]]:
    """Those of one app, or of all."""
    every = app.get_models() if app else apps.get_models()
    return [model for model in every if issubclass(model, AppendOnlyModel)]


def install_triggers(models_to_guard: Iterable[type[AppendOnlyModel]] | None = None) -> None:
    """Let SQLite itself refuse; nothing to do on MongoDB. Does no harm when they are there."""
    for table, verb, name in _triggers(models_to_guard):
        _execute(
            f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE {verb} ON "{table}" '
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def remove_triggers(models_to_guard: Iterable[type[AppendOnlyModel]] | None = None) -> None:
    for _table, _verb, name in _triggers(models_to_guard):
        _execute(f'DROP TRIGGER IF EXISTS "{name}"')


@contextmanager
def triggers_removed() -> Iterator[None]:
    """For tests alone, which empty tables and tamper with rows."""
    remove_triggers()
    try:
        yield
    finally:
        install_triggers()


def _triggers(
    models_to_guard: Iterable[type[AppendOnlyModel]] | None,
) -> Iterator[tuple[str, str, str]]:
    if is_mongodb():
        return
    guarded = append_only_models() if models_to_guard is None else models_to_guard
    for model in guarded:
        table = model._meta.db_table
        for verb in ("UPDATE", "DELETE"):
            yield table, verb, f"{table}_no_{verb.lower()}"


def _execute(statement: str) -> None:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement)
