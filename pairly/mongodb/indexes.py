"""Unique indexes that queries may use."""

from typing import Any

from django.db.models import Index


def repair_unique_indexes() -> None:
    """Drop ``{$type: ...}`` from the partial filter of unique indexes over NOT NULL columns.

    The backend puts it there so that several NULLs are allowed; mongod does not infer it from
    an equality, so that every look-up by username or session key would read the collection.
    """
    patched: Any = Index  # the backend gives Django's class this method
    stock = patched.get_pymongo_index_model
    if getattr(stock, "pairly", False):
        return

    def get_pymongo_index_model(
        self: Index,
        model: Any,
        schema_editor: Any,
        field: Any = None,
        unique: bool = False,
        column_prefix: str = "",
    ) -> Any:
        index = stock(
            self, model, schema_editor, field=field, unique=unique, column_prefix=column_prefix
        )
        if index is None or not unique:
            return index
        fields = [field] if field else [model._meta.get_field(n) for n, _ in self.fields_orders]
        if not any(f.null for f in fields):
            _drop_types(index.document, [column_prefix + f.column for f in fields])
        return index

    get_pymongo_index_model.pairly = True  # type: ignore[attr-defined]
    patched.get_pymongo_index_model = get_pymongo_index_model


def _drop_types(document: Any, columns: list[str]) -> None:
    conditions = document.get("partialFilterExpression", {})
    for column in columns:
        condition = conditions.get(column)
        if isinstance(condition, dict):
            condition.pop("$type", None)
            if not condition:
                del conditions[column]
    if not conditions:
        document.pop("partialFilterExpression", None)
