"""Stock migrations of apps with integer keys, read again with the key type of MongoDB.

They keep their names, so that our migrations depend on the same ones on both databases, and an
upgrade of Django brings its new ones by itself.
"""

import copy
import importlib
import pkgutil
import sys
import types
from typing import Any

from django.db import migrations, models


def mount(package_name: str, stock_name: str) -> list[str]:
    """Put a converted module for each stock migration under the package; its search path."""
    stock = importlib.import_module(stock_name)
    for found in pkgutil.iter_modules(stock.__path__):
        if not found.ispkg and found.name[0] not in "_~":
            source = importlib.import_module(f"{stock_name}.{found.name}")
            converted = _converted(f"{package_name}.{found.name}", source)
            sys.modules[converted.__name__] = converted
    return list(stock.__path__)


def _converted(name: str, source: types.ModuleType) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = source.__file__
    operations = [_with_object_id(operation) for operation in source.Migration.operations]
    body = {"operations": operations, "__module__": name}
    module.Migration = type("Migration", (source.Migration,), body)  # type: ignore[attr-defined]
    return module


def _with_object_id(operation: Any) -> Any:
    if isinstance(operation, migrations.CreateModel):
        operation = copy.copy(operation)
        operation.fields = [(name, _key(field)) for name, field in operation.fields]
    elif isinstance(operation, migrations.AddField | migrations.AlterField):
        operation = copy.copy(operation)
        operation.field = _key(operation.field)
    return operation


def _key(field: Any) -> Any:
    from django_mongodb_backend.fields import ObjectIdAutoField

    if not isinstance(field, models.AutoField | models.BigAutoField):
        return field
    return ObjectIdAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )
