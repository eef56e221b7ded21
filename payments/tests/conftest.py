from collections.abc import Iterator
from typing import Any

import pytest

from pairly.core import signing


@pytest.fixture(autouse=True)
def fresh_heads() -> None:
    """Heads outlive a database on purpose; each test here has a database of its own."""
    for file in signing.head_files():
        file.path.unlink(missing_ok=True)


# The stand-ins import models, which they cannot before pytest has prepared the settings.


@pytest.fixture
def stripe_stand_in(settings: Any, database: None) -> Iterator[Any]:
    """Where the settings send what is meant for Stripe."""
    from payments.tests.stand_ins.stripe import SECRET_KEY, StripeStandIn

    stand_in = StripeStandIn()
    settings.STRIPE_API_BASE, settings.STRIPE_SECRET_KEY = stand_in.url, SECRET_KEY
    yield stand_in
    stand_in.stop()


@pytest.fixture
def razorpay_stand_in(settings: Any, database: None) -> Iterator[Any]:
    """Where the settings send what is meant for Razorpay."""
    from payments.tests.stand_ins.razorpay import KEY_ID, KEY_SECRET, RazorpayStandIn

    stand_in = RazorpayStandIn()
    settings.RAZORPAY_API_BASE = stand_in.url
    settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET = KEY_ID, KEY_SECRET
    yield stand_in
    stand_in.stop()


@pytest.fixture
def trusting(settings: Any) -> None:
    """No attempt to buy is held or refused, for buyers who do what fraudsters do as well."""
    settings.FRAUD_REVIEW_POINTS = settings.FRAUD_BLOCK_POINTS = 10_000
