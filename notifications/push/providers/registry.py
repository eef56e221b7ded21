"""Who sends to which kind of device: settings alone decide."""

from collections.abc import Sequence
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.push.providers.base import Provider

__all__ = ["provider_named", "provider_names"]


def provider_names() -> Sequence[str]:
    return list(settings.PUSH_PROVIDERS)


def provider_named(name: str) -> Provider:
    """Raises ``KeyError`` for one that is not served."""
    return _made(settings.PUSH_PROVIDERS[name])


@cache
def _made(dotted_path: str) -> Provider:
    provider: Provider = import_string(dotted_path)()
    return provider
