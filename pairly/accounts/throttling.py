"""Rate limits of accounts beside those of ``core.throttling``."""

from collections.abc import Sequence
from typing import Any

from pairly.core.throttling import UserThrottle, WindowThrottle

__all__ = ["ExportThrottle", "MailThrottle"]


class MailThrottle(WindowThrottle):
    """The limit on mails that a signed-in person can have sent to them."""

    scope = "mail"
    limit_setting = "RATE_MAIL_PER_MINUTE"
    fails_closed = True

    def caller(self, request: Any) -> Sequence[str] | None:
        return ("user", str(request.user.pk)) if request.user.is_authenticated else None


class ExportThrottle(UserThrottle):
    """Below the general limit: each export reads all that is kept of a person."""

    scope = "export"
    limit_setting = "RATE_EXPORT_PER_MINUTE"
