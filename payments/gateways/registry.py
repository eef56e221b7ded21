"""Which gateway serves which provider: settings alone decide."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from payments.gateways.base import Gateway, GatewayUnreachable

__all__ = ["gateway_named", "provider_names"]


def provider_names() -> list[str]:
    return list(settings.PAYMENT_GATEWAYS)


def gateway_named(provider: str) -> Gateway:
    """Raises ``GatewayUnreachable`` for a provider that is not served, or not any more."""
    if provider not in settings.PAYMENT_GATEWAYS:
        raise GatewayUnreachable(f"nobody serves {provider}")
    return _made(settings.PAYMENT_GATEWAYS[provider])


@cache
def _made(dotted_path: str) -> Gateway:
    gateway: Gateway = import_string(dotted_path)()
    return gateway
