"""What attachments refuse to start with."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

__all__ = ["check_attachment_sizes"]

FORM_BYTES = 64 * 1024
"""What a form's other parts and the lines between them may take."""


def check_attachment_sizes(**_given: Any) -> list[CheckMessage]:
    """The largest file fits into the largest body."""
    names = [f"ATTACHMENT_{kind}_BYTES_MAX" for kind in ("IMAGE", "AUDIO", "VIDEO", "FILE")]
    room = settings.UPLOAD_BODY_BYTES_MAX - FORM_BYTES
    return [
        Error(
            f"PAIRLY_{name} is above what an upload may have.",
            hint=f"Set it to {room} at most, or PAIRLY_UPLOAD_BODY_BYTES_MAX higher.",
            id="messaging.E001",
        )
        for name in names
        if getattr(settings, name) > room
    ]
