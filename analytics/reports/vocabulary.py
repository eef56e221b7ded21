"""Which events and properties may be asked about: those of the registry."""

import msgspec

from analytics.registry import KINDS
from pairly.core.errors import ValidationFailed

__all__ = ["check_event", "check_property", "properties_of"]


def properties_of(event: str) -> list[str]:
    """Empty for an event that there is not."""
    if event not in KINDS:
        return []
    return [field.encode_name for field in msgspec.structs.fields(KINDS[event].props)]


def check_event(field: str, name: str) -> None:
    """Raises ``ValidationFailed``."""
    if name not in KINDS:
        raise ValidationFailed.of(field, "invalid_choice", f"There is no event {name!r}.")


def check_property(field: str, event: str, name: str) -> None:
    """Raises ``ValidationFailed``."""
    if name not in properties_of(event):
        detail = f"The event {event!r} has no property {name!r}."
        raise ValidationFailed.of(field, "invalid_choice", detail)
