"""What a person gets on asking for all data about them: each app adds its part."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

__all__ = ["export_of", "register"]

Part = Callable[[UUID], Any]

_parts: dict[str, Part] = {}


def register(name: str, part: Part) -> None:
    """Call in ``ready()``. The function takes the person's id and returns what JSON can carry:
    dicts, lists, text, numbers, ids and aware times."""
    _parts[name] = part


def export_of(user_id: UUID) -> dict[str, Any]:
    """All parts, by name."""
    return {name: part(user_id) for name, part in sorted(_parts.items())}
