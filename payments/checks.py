"""What payments refuse to start with."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from maxminddb import InvalidDatabaseError

from pairly.core.signing import signing_key
from payments.currencies import CURRENCIES
from payments.fraud.country import open_geoip
from payments.gateways.base import Gateway
from payments.gateways.registry import gateway_named, provider_names

__all__ = ["check_fraud_settings", "check_ledger_settings", "check_payment_settings"]


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


def check_payment_settings(**_given: Any) -> Sequence[CheckMessage]:
    """Every gateway can be loaded and has its keys, and in production none of them is a mock."""
    errors: list[CheckMessage] = []
    for provider in provider_names():
        path = settings.PAYMENT_GATEWAYS[provider]
        try:
            gateway = gateway_named(provider)
            errors += _missing(provider, gateway)
        except (ImportError, AttributeError, TypeError) as error:
            sentence = f"The gateway {path} of {provider} cannot be used: {error}."
            errors.append(Error(sentence, hint="Mend PAYMENT_GATEWAYS.", id="payments.E003"))
            continue
        if gateway.is_mock and not settings.MOCK_MODE:
            hint = "Take the provider out of PAYMENT_GATEWAYS, or name its real gateway."
            sentence = f"{provider} is served by a mock, which gives credits away."
            errors.append(Error(sentence, hint=hint, id="payments.E004"))
    if settings.CURRENCY_DEFAULT not in CURRENCIES:
        hint = f"Set PAIRLY_CURRENCY_DEFAULT to one of {', '.join(CURRENCIES)}."
        errors.append(Error("The default currency is not taken.", hint=hint, id="payments.E005"))
    return errors


def _missing(provider: str, gateway: Gateway) -> Sequence[CheckMessage]:
    names = [name for name in gateway.needed_settings if not getattr(settings, name)]
    if not names:
        return []
    hint = f"Set {', '.join(names)}, or take {provider} out of PAYMENT_GATEWAYS."
    return [Error(f"{provider} is served without its keys.", hint=hint, id="payments.E006")]


def check_fraud_settings(**_given: Any) -> Sequence[CheckMessage]:
    """The bands lie one above the other, and what tells countries can be trusted and read."""
    errors: list[CheckMessage] = []
    if settings.FRAUD_BLOCK_POINTS <= settings.FRAUD_REVIEW_POINTS:
        hint = "Set PAIRLY_FRAUD_BLOCK_POINTS above PAIRLY_FRAUD_REVIEW_POINTS."
        errors.append(Error("Nothing would ever be reviewed.", hint=hint, id="payments.E010"))
    if settings.COUNTRY_HEADER and not settings.TRUSTED_PROXY_COUNT:
        hint = "Set PAIRLY_TRUSTED_PROXY_COUNT, or remove PAIRLY_COUNTRY_HEADER."
        sentence = "Without a trusted proxy callers write the country's header themselves."
        errors.append(Error(sentence, hint=hint, id="payments.E011"))
    if settings.GEOIP_FILE:
        try:
            open_geoip(settings.GEOIP_FILE)
        except (OSError, InvalidDatabaseError) as error:
            hint = "Let PAIRLY_GEOIP_FILE name a file in MaxMind's format, or remove it."
            sentence = f"The GeoIP file cannot be read: {error}."
            errors.append(Error(sentence, hint=hint, id="payments.E012"))
    return errors
