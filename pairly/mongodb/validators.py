"""Rules that mongod itself enforces, as CHECK constraints do on SQLite."""

from typing import Any

from django.db import models

__all__ = ["set_validator"]


def set_validator(
    schema_editor: Any, model: type[models.Model], expression: dict[str, Any]
) -> None:
    """Make the model's collection refuse documents that do not match; nothing on SQLite.

    ``expression`` is in MongoDB's query language over columns, such as
    ``{"balance": {"$gte": 0}}``; ``{}`` removes the rule. Call it from a migration's RunPython.
    A refused write raises ``DatabaseError``.
    """
    if schema_editor.connection.vendor == "mongodb":
        schema_editor.connection.database.command(
            "collMod",
            model._meta.db_table,
            validator=expression,
            validationLevel="strict",
            validationAction="error",
        )
