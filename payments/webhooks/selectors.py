"""What staff read of webhooks."""

from uuid import UUID

from django.db.models import Q, QuerySet

from payments.gateways.registry import provider_names
from payments.webhooks.models import Webhook

__all__ = ["find_webhooks"]


def find_webhooks(text: str) -> "QuerySet[Webhook]":
    """Those with exactly this id: the provider's of the event, the webhook's, or an intent's."""
    wanted = text.strip()
    try:
        own = UUID(wanted)
    except ValueError:
        return Webhook.objects.filter(provider__in=provider_names(), event_id=wanted)
    return Webhook.objects.filter(Q(pk=own) | Q(intent_id=own))
