"""The environment: ``.env.example`` tells of every variable, and a bad value stops the start."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / ".env.example").read_text()
OF_COMMANDS = {"PORT", "PAIRLY_STAFF_PASSWORD"}
"""Read by ``manage.py serve`` and ``create_staff`` alone."""


def read_by_settings() -> set[str]:
    source = (ROOT / "pairly" / "settings.py").read_text()
    plain = set(re.findall(r'env\.\w+\(\s*"(\w+)"', source))
    return plain | {f"PAIRLY_{name}" for name in re.findall(r'pairly_int\(\s*"(\w+)"', source)}


def test_the_example_names_every_variable_once_and_explains_it() -> None:
    named = re.findall(r"^# ([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE)
    assert sorted(named) == sorted(read_by_settings() | OF_COMMANDS)
    explained = re.findall(r"^# [^\n]*[^=\n]+\n# ([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE)
    assert explained == named


def test_the_example_shows_the_true_defaults() -> None:
    shown = dict(re.findall(r"^# PAIRLY_([A-Z0-9_]+)=(-?\d+)$", EXAMPLE, re.MULTILINE))
    assert len(shown) > 50
    different = {name for name, value in shown.items() if str(getattr(settings, name)) != value}
    assert different - {"TERMS_VERSION"} == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAIRLY_MODE", "staging"),
        ("PAIRLY_RATE_USER_PER_MINUTE", "0"),
        ("PAIRLY_RATE_USER_PER_MINUTE", "many"),
        ("PAIRLY_RATE_LIMITS", "perhaps"),
        ("DATABASE_URL", "postgres://x"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import pairly.settings"],
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert name in done.stderr


def test_a_command_says_so_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "audit_environment"],
        cwd=ROOT,
        env={**os.environ, "PAIRLY_RING_TIMEOUT_SECONDS": "soon"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "PAIRLY_RING_TIMEOUT_SECONDS" in line


def audit() -> tuple[int, list[str]]:
    """Exit status and lines, with each run of spaces as one."""
    out, status = StringIO(), 0
    try:
        call_command("audit_environment", stdout=out)
    except SystemExit as ended:
        status = int(str(ended.code))
    return status, [" ".join(line.split()) for line in out.getvalue().splitlines()]


def states_in(lines: list[str]) -> dict[str, str]:
    told = re.findall(r"^(set|default|weak|unknown) (?:\* )?(\w+)", "\n".join(lines), re.MULTILINE)
    return {name: state for state, name in told}


def test_the_audit_tells_what_is_set_weak_and_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PAIRLY_TEST_")]:
        monkeypatch.delenv(name)
    status, lines = audit()
    assert (status, "Pairly would start in mock mode." in lines) == (0, True)
    assert "set * PAIRLY_MODE" in lines

    monkeypatch.setenv("METRICS_TOKEN", "V3ry-Long-And-Random-1f2e3d")
    monkeypatch.setenv("TURN_SECRET", "a-guess")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", "whsec_S8f3kQ0z1LpX7,aaaaaaaaaaaaaaaaaaaaaaa")
    monkeypatch.setenv("RAZORPAY_WEBHOOK_SECRETS", "pairly-mock-mode-only-webhook-secret")
    monkeypatch.setenv("PAIRLY_RING_TIMOUT_SECONDS", "3")
    monkeypatch.setenv("REDIS_ULR", "redis://127.0.0.1:6379/0")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the bucket's library")
    status, lines = audit()
    assert status == 1
    states = states_in(lines)
    assert states["METRICS_TOKEN"] == "set"
    for name in ("TURN_SECRET", "STRIPE_WEBHOOK_SECRETS", "RAZORPAY_WEBHOOK_SECRETS"):
        assert states[name] == "weak"
    unknown = {name for name, state in states.items() if state == "unknown"}
    assert unknown == {"PAIRLY_RING_TIMOUT_SECONDS", "REDIS_ULR"}
    assert any("PAIRLY_RING_TIMEOUT_SECONDS is meant?" in line for line in lines)
    told = "\n".join(lines)
    assert not [secret for secret in ("V3ry", "a-guess", "whsec", "aaaa") if secret in told]


def test_the_audit_tells_why_production_would_not_start(settings: Any) -> None:
    settings.MOCK_MODE, settings.MODE = False, "production"
    settings.METRICS_TOKEN = "short"
    status, lines = audit()
    assert status == 2
    assert "Pairly would not start in production mode." in lines
    states = states_in(lines)
    assert states["S3_BUCKET"] == "default"
    refused = {line.split()[1].rstrip(":") for line in lines if line.startswith("REFUSED")}
    assert {"pairly.E001", "pairly.E003", "pairly.E016", "payments.E001"} <= refused
