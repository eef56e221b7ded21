"""What payments refuse to start with, and what production does not have at all."""

import subprocess
import sys
from typing import Any

import pytest
from django.core.checks import run_checks

from pairly.tests.test_checks import ROOT, environment

ROUTES = """
import django
django.setup()
from django.urls import Resolver404, resolve
for path in ("/api/v1/mock/payments/{id}", "/pay/{id}", "/api/v1/payments/intents/{id}"):
    try:
        resolve(path.format(id="0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1"))
        print("there")
    except Resolver404:
        print("missing")
"""


def refusals() -> set[str]:
    return {str(message.id) for message in run_checks(tags=["payments"])}


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        ("E003", {"PAYMENT_GATEWAYS": {"stripe": "payments.gateways.nowhere.Stripe"}}),
        ("E003", {"PAYMENT_GATEWAYS": {"stripe": "payments.gateways.base.Order"}}),
        ("E003", {"PAYMENT_GATEWAYS": {"stripe": "payments.gateways.stripe.Order"}}),
        ("E004", {"MOCK_MODE": False, "LEDGER_SIGNING_KEY": "5f" * 32}),
        ("E005", {"CURRENCY_DEFAULT": "EUR"}),
        ("E006", {"PAYMENT_GATEWAYS": {"stripe": "payments.gateways.stripe.Stripe"}}),
        ("E006", {"PAYMENT_GATEWAYS": {"razorpay": "payments.gateways.razorpay.Razorpay"}}),
        ("E010", {"FRAUD_REVIEW_POINTS": 70}),
        ("E011", {"COUNTRY_HEADER": "CF-IPCountry"}),
        ("E012", {"GEOIP_FILE": "nowhere.mmdb"}),
        ("E012", {"GEOIP_FILE": __file__}),
    ],
)
def test_what_would_not_work_or_give_credits_away_is_refused(
    settings: Any, number: str, wrong: dict[str, Any]
) -> None:
    assert refusals() == set()
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert refusals() == {f"payments.{number}"}


def test_production_has_no_simulator() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ROUTES],
        cwd=ROOT,
        env=environment(DJANGO_SETTINGS_MODULE="pairly.settings"),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == ["missing", "missing", "there"]


def test_production_serves_whom_it_has_keys_of() -> None:
    served = {
        (): "",
        ("STRIPE_SECRET_KEY",): "stripe=payments.gateways.stripe.Stripe",
        ("RAZORPAY_KEY_ID",): "razorpay=payments.gateways.razorpay.Razorpay",
    }
    program = (
        "from pairly.settings import PAYMENT_GATEWAYS\n"
        "print(*(f'{name}={path}' for name, path in PAYMENT_GATEWAYS.items()))"
    )
    for names, wanted in served.items():
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment(**{name: "a-key" for name in names}),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert done.stdout.strip() == wanted
