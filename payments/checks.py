"""What payments refuse to start with."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from pairly.core.signing import signing_key

__all__ = ["check_ledger_settings"]


def check_ledger_settings(**_given: Any) -> Sequence[CheckMessage]:
    """The signing key is usable, and in production not one that mock mode made."""
    errors: list[CheckMessage] = []
    if not settings.MOCK_MODE or settings.LEDGER_SIGNING_KEY or settings.LEDGER_SIGNING_KEY_FILE:
        try:
            signing_key()
        except (ValueError, OSError) as error:
            hint = "Set LEDGER_SIGNING_KEY or LEDGER_SIGNING_KEY_FILE to 64 hex digits."
            errors.append(Error(f"The ledger cannot sign: {error}.", hint=hint, id="payments.E001"))
    if settings.MESSAGE_RECIPIENT_SHARE_PERCENT > 100:
        hint = "Set PAIRLY_MESSAGE_RECIPIENT_SHARE_PERCENT to 0 to 100."
        errors.append(Error("A share is above the whole.", hint=hint, id="payments.E002"))
    return errors
