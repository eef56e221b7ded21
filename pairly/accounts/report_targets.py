"""What can be reported beside people: the apps that own it say whether the reporter has it."""

from collections.abc import Callable
from uuid import UUID

from pairly.core.errors import NotFound

__all__ = ["check", "register"]

IsTargetOf = Callable[[UUID, UUID], bool]

_targets: dict[str, IsTargetOf] = {}


def register(target_type: str, is_target_of: IsTargetOf) -> None:
    """Call in ``ready()``. The function takes the reporter's id and the target's, and tells
    whether that target exists and the reporter may see it."""
    _targets[target_type] = is_target_of


def check(target_type: str, reporter_id: UUID, target_id: UUID) -> None:
    """Raises ``NotFound`` unless an app knows the target as one of this reporter."""
    is_target_of = _targets.get(target_type)
    if is_target_of is None or not is_target_of(reporter_id, target_id):
        raise NotFound
