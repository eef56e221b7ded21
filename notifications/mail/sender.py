"""Notifications by mail, through Django's mail API: mock mode's table, SMTP, or a provider."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from notifications.channels import Channel, Outcome, Outgoing, Result
from notifications.mail.events import metadata_of
from notifications.mail.models import Suppression
from notifications.mail.refusals import Refusal, refusal_of
from notifications.mail.selectors import suppressed
from notifications.mail.services import suppress
from notifications.mail.unsubscribe import unsubscribe_headers, unsubscribe_url
from pairly.accounts.selectors import verified_addresses
from pairly.alerts.services import clear_alert, raise_alert
from pairly.core import clock

__all__ = ["ALERT_KIND", "MailSender"]

ALERT_KIND: Final = "mail_refused"
BATCH_SECONDS_MAX: Final = 120
"""Well within the lease of a delivery: nobody else sends what a slow server is still taking."""
NO_TIME: Final = Result(Outcome.TRANSIENT, "the mail server was too slow for the whole batch")
NOT_VERIFIED: Final = Result(Outcome.NO_ADDRESS, "no verified address")


class MailSender:
    channel: Channel = "email"

    def send(self, outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        """One connection for the batch. When nobody answers there, the rest is not tried."""
        addresses = verified_addresses({one.user_id for one in outgoing})
        dead = suppressed(set(addresses.values()))
        post = _Post(clock.now())
        results = []
        for one in outgoing:
            address = addresses.get(one.user_id)
            if address is None:
                results.append(NOT_VERIFIED)
            elif address in dead:
                results.append(Result(Outcome.NO_ADDRESS, f"not written to: {dead[address]}"))
            else:
                results.append(post.send(one, address))
        post.close()
        return results


class _Post:
    """The connection of one batch."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._connection: Any = None
        self._silence: Refusal | None = None
        self._told = False
        self._ends_at = monotonic() + BATCH_SECONDS_MAX

    def send(self, outgoing: Outgoing, address: str) -> Result:
        if self._silence is not None:
            return Result(self._silence.outcome, self._silence.detail)
        if monotonic() > self._ends_at:
            return NO_TIME
        message = _message(outgoing, address)
        try:
            if self._connection is None:
                self._connection = get_connection()
                self._connection.open()
            self._connection.send_messages([message])
        except Exception as error:  # each library raises its own; ``refusals`` knows them
            return self._refused(refusal_of(error), address)
        self._accepted()
        return Result(Outcome.SENT, "taken", _reference(message))

    def _accepted(self) -> None:
        if not self._told:
            clear_alert(kind=ALERT_KIND, key="", now=self._now)
            self._told = True

    def _refused(self, refusal: Refusal, address: str) -> Result:
        """After a no the state of a connection is anybody's guess: the next mail gets another."""
        self.close()
        if refusal.is_silence:
            self._silence = refusal
        if refusal.is_dead:
            reason = Suppression.Reason.BOUNCE
            suppress(address=address, reason=reason, detail=refusal.detail, now=self._now)
        if refusal.is_ours:
            raise_alert(
                kind=ALERT_KIND,
                key="",
                severity="warning",
                title="Mails are refused",
                details=refusal.detail,
                now=self._now,
            )
        return Result(refusal.outcome, refusal.detail)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _message(outgoing: Outgoing, address: str) -> EmailMultiAlternatives:
    """A repeat after a crash has the same Message-ID, by which mail programs know it."""
    headers = {"Message-ID": _message_id(outgoing), "Auto-Submitted": "auto-generated"}
    text, html = outgoing.body, outgoing.html
    if outgoing.unsubscribe_category:
        url = unsubscribe_url(outgoing.user_id, outgoing.unsubscribe_category)
        headers |= unsubscribe_headers(url)
        words = {"url": url, "language": outgoing.language}
        text += render_to_string("mail/notifications/footer.txt", words)
        footer = render_to_string("mail/notifications/footer.html", words)
        html = html.replace("</body>", f"{footer}</body>")
    subject = " ".join(outgoing.title.split())
    message = EmailMultiAlternatives(subject=subject, body=text, to=[address], headers=headers)
    message.metadata = metadata_of(outgoing.delivery_id)  # type: ignore[attr-defined]
    if html:
        message.attach_alternative(html, "text/html")
    return message


def _message_id(outgoing: Outgoing) -> str:
    _name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return f"<{outgoing.delivery_id.hex}@{sender.rpartition('@')[2]}>"


def _reference(message: EmailMultiAlternatives) -> str:
    """The provider's id of the mail where it gives one, else ours."""
    status = getattr(message, "anymail_status", None)
    given = getattr(status, "message_id", None)
    return str(given or message.extra_headers["Message-ID"])[:200]
