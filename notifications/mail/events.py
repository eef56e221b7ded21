"""What mail providers tell of mails: anymail checks who calls and puts it into common words."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.urls import urlpatterns
from django.conf import settings
from django.http import HttpRequest

from notifications.mail.models import Suppression
from notifications.mail.services import note_soft_bounce, suppress
from notifications.models import Delivery
from notifications.services.receipts import Heard, note_receipts
from pairly.core.errors import NotFound, ValidationFailed

__all__ = ["metadata_of", "note_events", "provider_is_known", "read_events"]

DELIVERY_KEY: Final = "delivery_id"
WITHOUT_METADATA: Final = ("mailersend", "postal")
Receipt = Delivery.Receipt
RECEIPTS: Final = {
    EventType.DELIVERED: Receipt.DELIVERED,
    EventType.COMPLAINED: Receipt.DELIVERED,
    EventType.BOUNCED: Receipt.BOUNCED,
    EventType.REJECTED: Receipt.BOUNCED,
    EventType.FAILED: Receipt.BOUNCED,
    EventType.OPENED: Receipt.OPENED,
    EventType.CLICKED: Receipt.OPENED,
}
"""Who calls a mail spam has got it. A mail that is only late (``DEFERRED``) is on its way."""
Reason = Suppression.Reason
HARD: Final = (RejectReason.INVALID, RejectReason.BOUNCED)
SAID: Final = {
    EventType.COMPLAINED: Reason.COMPLAINT,
    EventType.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
}
REJECTED_FOR: Final = {
    RejectReason.INVALID: Reason.BOUNCE,
    RejectReason.BOUNCED: Reason.BOUNCE,
    RejectReason.SPAM: Reason.COMPLAINT,
    RejectReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
}
"""The provider has a list of its own, and did not even try."""


def read_events(provider: str, request: HttpRequest) -> Sequence[AnymailTrackingEvent]:
    """Raises ``NotFound`` for a provider that does not send for us, and for a caller without the
    secret; ``ValidationFailed`` for what is not of the provider's shape."""
    view_class = _view_of(provider)
    if provider != settings.MAIL_PROVIDER or not settings.MAIL_WEBHOOK_SECRETS or not view_class:
        raise NotFound
    view = view_class()
    try:
        view.run_validators(request)
    except AnymailWebhookValidationFailure as error:
        raise NotFound from error
    try:
        events: Sequence[AnymailTrackingEvent] = view.parse_events(request)
    except (AnymailError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValidationFailed("It is not of the provider's shape.") from error
    return events


def metadata_of(delivery_id: UUID) -> dict[str, str]:
    """What the provider keeps with a mail and gives back with each of its events."""
    return {} if settings.MAIL_PROVIDER in WITHOUT_METADATA else {DELIVERY_KEY: delivery_id.hex}


def provider_is_known(provider: str) -> bool:
    return _view_of(provider) is not None


@cache
def _view_of(provider: str) -> Any:
    """Anymail's view for a provider's events; None for one that it does not know."""
    names = (f"{provider}_tracking_webhook", f"{provider}_webhook")
    for pattern in urlpatterns:
        if pattern.name in names:
            return pattern.callback.view_class
    return None


def note_events(provider: str, events: Sequence[AnymailTrackingEvent], now: datetime) -> None:
    """Each does nothing when it is told again, and they may come in any order."""
    note_receipts(list(_receipts(provider, events, now)), channel="email")
    for event in events:
        if event.recipient:
            _note(provider, event, now)


def _receipts(
    provider: str, events: Sequence[AnymailTrackingEvent], now: datetime
) -> Iterator[Heard]:
    for event in events:
        receipt, delivery_id = RECEIPTS.get(event.event_type), _delivery_of(event)
        if receipt is not None and delivery_id is not None:
            said = _detail(provider, event) if receipt == Receipt.BOUNCED else ""
            yield Heard(delivery_id, receipt, event.timestamp or now, said)


def _delivery_of(event: AnymailTrackingEvent) -> UUID | None:
    """None for a mail that is no notification, as a code, and where the provider keeps nothing."""
    try:
        return UUID(str((event.metadata or {}).get(DELIVERY_KEY)))
    except (ValueError, AttributeError):
        return None


def _detail(provider: str, event: AnymailTrackingEvent) -> str:
    return f"{provider}: {event.event_type} {event.reject_reason or ''}".strip()


def _note(provider: str, event: AnymailTrackingEvent, now: datetime) -> None:
    detail = _detail(provider, event)
    reason = SAID.get(event.event_type)
    if event.event_type == EventType.REJECTED:
        reason = REJECTED_FOR.get(event.reject_reason)
    if event.event_type == EventType.BOUNCED:
        if event.reject_reason not in HARD:
            note_soft_bounce(
                address=event.recipient, event_id=_name_of(provider, event), detail=detail, now=now
            )
            return
        reason = Reason.BOUNCE
    if reason is not None:
        suppress(address=event.recipient, reason=reason, detail=detail, now=now)


def _name_of(provider: str, event: AnymailTrackingEvent) -> str:
    """Some providers give no id; then the mail, the address and the time name the event."""
    parts = (provider, event.event_id, event.message_id, event.recipient, event.timestamp)
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()
