"""Production refuses to start on anything of mock mode."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from pairly.checks import refuse_to_start

ROOT = Path(__file__).resolve().parents[2]

GOOD: dict[str, Any] = {
    "MOCK_MODE": False,
    "SECRET_KEY": "q8#Zr1!mV0x$K3p^T6w&Y9b*L2n(H5j)C4d-F7g_S1a+D0s=E8",
    "MONGODB": True,
    "REDIS_URL": "redis://redis:6379/0",
    "CHANNEL_LAYERS": {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}},
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}},
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "ALLOWED_HOSTS": ["api.pairly.example"],
    "RATE_LIMITS": True,
    "STRIPE_WEBHOOK_SECRETS": ["whsec_of_stripe"],
    "RAZORPAY_WEBHOOK_SECRETS": ["of-razorpay"],
    "PUBLIC_URL": "https://pairly.example",
    "DEBUG": False,
    "S3_BUCKET": "pairly-uploads",
}

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("E001", {"SECRET_KEY": configured.DEFAULT_SECRET_KEY}),
    ("E001", {"SECRET_KEY": "short"}),
    ("E001", {"SECRET_KEY": "a" * 60}),
    ("E002", {"MONGODB": False}),
    ("E003", {"REDIS_URL": ""}),
    ("E004", {"CHANNEL_LAYERS": {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}}),
    ("E005", {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}),
    ("E006", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
    ("E006", {"EMAIL_BACKEND": "pairly.accounts.mail_backend.EmailBackend"}),
    ("E007", {"ALLOWED_HOSTS": []}),
    ("E007", {"ALLOWED_HOSTS": ["pairly.example", "*"]}),
    ("E008", {"RATE_LIMITS": False}),
    ("E009", {"STRIPE_WEBHOOK_SECRETS": configured.MOCK_WEBHOOK_SECRETS}),
    ("E009", {"RAZORPAY_WEBHOOK_SECRETS": ["its-own", *configured.MOCK_WEBHOOK_SECRETS]}),
    ("E010", {"DEBUG": True}),
    ("E011", {"TIME_ZONE": "Asia/Kolkata"}),
    ("E014", {"PUBLIC_URL": "http://localhost:8000"}),
    ("E015", {"S3_BUCKET": ""}),
    ("E016", {"METRICS_TOKEN": "short"}),
]


def refusals() -> set[str]:
    return {str(message.id).removeprefix("pairly.") for message in run_checks(tags=["pairly"])}


@pytest.fixture
def production(settings: Any) -> Any:
    for name, value in GOOD.items():
        setattr(settings, name, value)
    return settings


def test_a_right_production_and_mock_mode_are_let_through(settings: Any) -> None:
    assert refusals() == set()
    refuse_to_start()
    for name, value in GOOD.items():
        setattr(settings, name, value)
    assert refusals() == set()


@pytest.mark.parametrize(("number", "wrong"), REFUSED)
def test_production_refuses(production: Any, number: str, wrong: dict[str, Any]) -> None:
    for name, value in wrong.items():
        setattr(production, name, value)
    assert refusals() == {number}
    (message,) = run_checks(tags=["pairly"])
    assert message.hint
    with pytest.raises(ImproperlyConfigured, match=f"pairly.{number}"):
        refuse_to_start()


def test_what_an_app_finds_wrong_refuses_the_start_as_well(settings: Any) -> None:
    settings.MESSAGE_RECIPIENT_SHARE_PERCENT = 101
    with pytest.raises(ImproperlyConfigured, match="payments.E002"):
        refuse_to_start()


def test_mock_mode_may_be_all_of_that(settings: Any) -> None:
    for number, wrong in REFUSED:
        if number != "E011":
            for name, value in wrong.items():
                setattr(settings, name, value)
    assert refusals() == set()


@pytest.mark.mongodb
def test_the_database_under_test_has_transactions() -> None:
    assert run_checks(tags=["database"], databases=["default"]) == []


def environment(**changed: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "PAIRLY_MODE": "production",
        "PAIRLY_DATA_DIR": os.environ["PAIRLY_DATA_DIR"],
        "SECRET_KEY": GOOD["SECRET_KEY"],
        "DATABASE_URL": "mongodb://127.0.0.1:1/pairly?replicaSet=rs0",
        "REDIS_URL": GOOD["REDIS_URL"],
        "ALLOWED_HOSTS": "api.pairly.example",
        "STRIPE_WEBHOOK_SECRETS": "whsec_of_stripe",
        "RAZORPAY_WEBHOOK_SECRETS": "of-razorpay",
        "PUBLIC_URL": "https://pairly.example",
        "PAIRLY_TRUSTED_PROXY_COUNT": "1",
        "LEDGER_SIGNING_KEY": "5f" * 32,
        "S3_BUCKET": "pairly-uploads",
        **changed,
    }


def manage(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(**changed),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_check_deploy_passes_in_a_right_production_and_only_there() -> None:
    passed = manage("check", "--deploy", "--fail-level", "WARNING")
    assert passed.returncode == 0, passed.stderr
    refused = manage("check", SECRET_KEY="short", PAIRLY_RATE_LIMITS="off", REDIS_URL="")
    assert refused.returncode != 0
    for number in ("E001", "E003", "E004", "E005", "E008"):
        assert f"pairly.{number}" in refused.stderr
