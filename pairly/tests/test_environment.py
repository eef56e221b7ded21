"""The environment: ``.env.example`` tells of every variable, and a bad value stops the start."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / ".env.example").read_text()
OF_COMMANDS = {"PORT"}
"""Read by ``manage.py serve`` alone."""


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
