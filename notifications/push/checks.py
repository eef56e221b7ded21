"""What pushes refuse to start with."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from notifications.push.models import PushDevice
from notifications.push.providers.registry import provider_named, provider_names
from notifications.push.vapid import vapid_key

__all__ = ["check_push_settings"]


def check_push_settings(**_given: Any) -> Sequence[CheckMessage]:
    """Every provider can be loaded and has its keys, and in production none of them is a mock."""
    errors: list[CheckMessage] = []
    for name in provider_names():
        path = settings.PUSH_PROVIDERS[name]
        try:
            provider = provider_named(name)
        except (ImportError, TypeError) as error:
            sentence = f"The provider {path} of {name} cannot be used: {error}."
            errors.append(Error(sentence, hint="Mend PUSH_PROVIDERS.", id="notifications.E001"))
            continue
        if provider.is_mock and not settings.MOCK_MODE:
            hint = f"Take {name} out of PUSH_PROVIDERS, or name its real provider."
            errors.append(Error(f"{name} reaches nobody.", hint=hint, id="notifications.E002"))
        errors += _missing(name, provider.needed_settings)
    if set(provider_names()) - set(PushDevice.Provider.values):
        hint = f"They are {', '.join(PushDevice.Provider.values)}."
        errors.append(
            Error("PUSH_PROVIDERS names what there is not.", hint=hint, id="notifications.E003")
        )
    return errors


def _missing(name: str, needed: Sequence[str]) -> Sequence[CheckMessage]:
    if name == PushDevice.Provider.WEB_PUSH:
        return _unusable_key() if needed else []
    missing = [one for one in needed if not getattr(settings, one)]
    if not missing:
        return []
    hint = f"Set {', '.join(missing)}, or take {name} out of PUSH_PROVIDERS."
    return [Error(f"{name} is served without its keys.", hint=hint, id="notifications.E004")]


def _unusable_key() -> Sequence[CheckMessage]:
    try:
        vapid_key()
    except (ValueError, OSError) as error:
        hint = "Set VAPID_PRIVATE_KEY to a P-256 key: 32 bytes in URL-safe base64."
        return [Error(f"Web Push cannot sign: {error}.", hint=hint, id="notifications.E005")]
    return []
