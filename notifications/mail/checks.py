"""What mails refuse to start with."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from notifications.mail.events import provider_is_known

__all__ = ["check_mail_settings"]

SECRET_CHARACTERS_MIN = 20


def check_mail_settings(**_given: Any) -> Sequence[CheckMessage]:
    """Who sends for us is known to anymail, and nobody else tells us of bounces."""
    if not settings.MAIL_PROVIDER:
        return []
    errors: list[CheckMessage] = []
    if not provider_is_known(settings.MAIL_PROVIDER):
        hint = "Take a name of anymail's backends: postmark, sendgrid, amazon_ses, mailgun, …"
        errors.append(Error("MAIL_PROVIDER is not known.", hint=hint, id="notifications.E010"))
    secrets: list[str] = settings.MAIL_WEBHOOK_SECRETS
    if not secrets or any(":" not in one or len(one) < SECRET_CHARACTERS_MIN for one in secrets):
        hint = f"Set MAIL_WEBHOOK_SECRETS to name:password, {SECRET_CHARACTERS_MIN} characters."
        sentence = "Anybody could tell us that mails have bounced."
        errors.append(Error(sentence, hint=hint, id="notifications.E011"))
    return errors
