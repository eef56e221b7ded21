"""Making and canceling intents. What becomes of them otherwise is in ``applying``."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from pairly.accounts.models import User
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict, ValidationFailed
from payments.currencies import CURRENCIES
from payments.errors import EmailNotVerified, ProviderRefused, ProviderUnreachable
from payments.fraud.context import Attempt
from payments.fraud.services import screen
from payments.gateways.base import GatewayRefused, GatewayUnreachable, Observation
from payments.gateways.registry import gateway_named, provider_names
from payments.intents.applying import apply
from payments.intents.models import Intent, Observed
from payments.intents.selectors import intent_for, order_of
from payments.intents.states import OPEN, Status
from payments.packages.selectors import Offer, offer_of

__all__ = ["cancel_intent", "create_intent"]

logger = logging.getLogger(__name__)


def create_intent(
    *,
    user: User,
    package: str,
    provider: str,
    currency: str,
    operation_id: UUID,
    now: datetime,
    address: str = "",
    country: str = "",
) -> Intent:
    """An intent to buy a package, known to its provider. The operation's id becomes its own, so
    that a repetition resumes the first instead of making another. ``address`` and ``country`` are
    where the buyer is, as far as it is known.

    If the provider does not answer, the intent stays ``unknown`` and the provider is asked later.
    If it refuses, the intent has failed. Raises ``ValidationFailed``, ``EmailNotVerified``,
    ``PaymentRefused``, ``ProviderRefused``.
    """
    intent = Intent.objects.filter(pk=operation_id, user_id=user.pk).first()
    if intent is None:
        offer = _check(user, package, provider, currency, now)
        attempt = Attempt(
            id=operation_id,
            user=user,
            package=offer.code,
            credits=offer.credits,
            provider=provider,
            amount_minor=offer.prices[currency],
            currency=currency,
            like_minor=offer.prices.get(settings.CURRENCY_DEFAULT),
            address=address,
            country=country,
        )
        screen(attempt, now)
        intent = _insert(user.pk, offer, provider, currency, operation_id, now)
    if intent.status == Status.UNKNOWN:
        _introduce(intent, now)
        intent = intent_for(user.pk, operation_id)
    if intent.status == Status.FAILED and not intent.provider_ref:
        raise ProviderRefused(f"The provider refused the order: {intent.failure_code}.")
    return intent


def cancel_intent(*, user_id: UUID, intent_id: UUID, now: datetime) -> Intent:
    """Have no money taken for an intent; canceled twice is canceled.

    Raises ``NotFound``, ``Conflict`` when it is over or being paid, ``ProviderUnreachable``.
    """
    intent = intent_for(user_id, intent_id)
    if intent.status in OPEN:
        try:
            seen = gateway_named(intent.provider).cancel(order_of(intent), now)
        except GatewayUnreachable as error:
            raise ProviderUnreachable from error
        if seen is not None:
            apply(intent_id=intent_id, seen=seen, source=Observed.Source.REQUEST, now=now)
        intent = intent_for(user_id, intent_id)
    if intent.status != Status.CANCELED:
        raise Conflict(f"The intent is {intent.status} and cannot be canceled.")
    return intent


def _check(user: User, package: str, provider: str, currency: str, now: datetime) -> Offer:
    if provider not in provider_names():
        detail = f"Providers are {', '.join(provider_names())}."
        raise ValidationFailed.of("provider", "invalid_choice", detail)
    if currency not in CURRENCIES:
        detail = f"Currencies are {', '.join(CURRENCIES)}."
        raise ValidationFailed.of("currency", "invalid_choice", detail)
    offer = offer_of(package, now)
    if offer is None or currency not in offer.prices:
        detail = "There is no such package, or not in this currency."
        raise ValidationFailed.of("package", "invalid_choice", detail)
    if settings.PURCHASE_NEEDS_VERIFIED_EMAIL and user.email_verified_at is None:
        raise EmailNotVerified
    return offer


def _insert(
    user_id: UUID, offer: Offer, provider: str, currency: str, operation_id: UUID, now: datetime
) -> Intent:
    intent = Intent(
        id=operation_id,
        user_id=user_id,
        package_id=offer.code,
        credits=offer.credits,
        amount_minor=offer.prices[currency],
        currency=currency,
        provider=provider,
        expires_at=now + timedelta(minutes=settings.INTENT_LIFETIME_MINUTES),
        follow_up_at=now + timedelta(seconds=settings.INTENT_POLL_SECONDS),
        created_at=now,
    )
    try:
        run_atomic(lambda: intent.save(force_insert=True))
    except IntegrityError:  # A slower worker of the same operation was here first.
        return intent_for(user_id, operation_id)
    return intent


def _introduce(intent: Intent, now: datetime) -> None:
    try:
        seen = gateway_named(intent.provider).create(order_of(intent), now)
    except GatewayUnreachable:
        logger.warning("the provider %s did not answer for %s", intent.provider, intent.pk)
        return
    except GatewayRefused as refusal:
        seen = _refused(intent, refusal, now)
    apply(intent_id=intent.pk, seen=seen, source=Observed.Source.REQUEST, now=now)


def _refused(intent: Intent, refusal: GatewayRefused, now: datetime) -> Observation:
    """The provider said no instead of giving the payment an id."""
    return Observation(
        provider=intent.provider,
        ref="",
        intent_id=intent.pk,
        status=Status.FAILED,
        amount_minor=intent.amount_minor,
        received_minor=None,
        currency=intent.currency,
        at=now,
        failure_code=refusal.code[:64],
    )
