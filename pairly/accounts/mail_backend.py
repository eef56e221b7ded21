"""The mail backend of mock mode: what would be sent is kept in a table."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from pairly.accounts.models import Mail
from pairly.core import clock
from pairly.core.db import run_atomic

__all__ = ["EmailBackend"]


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        mails = [
            Mail(
                recipient=recipient,
                subject=str(message.subject),
                text=str(message.body),
                created_at=clock.now(),
            )
            for message in email_messages
            for recipient in message.recipients()
        ]
        run_atomic(lambda: Mail.objects.bulk_create(mails))
        return len(email_messages)
