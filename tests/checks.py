"""``python -m tests.checks``: what needs a database or an environment of its own to be checked.

On both databases: no model without its migration. In an environment as production has it: Django's
deployment checks and ours, with warnings as errors.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mongod import Mongod

ROOT = Path(__file__).resolve().parent.parent

PRODUCTION = {
    "PAIRLY_MODE": "production",
    "SECRET_KEY": "only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "S3_BUCKET": "only-for-this-check",
    "ALLOWED_HOSTS": "pairly.example",
    "PUBLIC_URL": "https://pairly.example",
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "LEDGER_SIGNING_KEY": "0123456789abcdef" * 4,
    "STRIPE_SECRET_KEY": "sk_test_only_for_this_check",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_only_for_this_check",
    "STRIPE_WEBHOOK_SECRETS": "whsec_only_for_this_check",
    "RAZORPAY_KEY_ID": "rzp_test_only_for_this_check",
    "RAZORPAY_KEY_SECRET": "only_for_this_check",
    "RAZORPAY_WEBHOOK_SECRETS": "only_for_this_check",
}


def manage(name: str, *arguments: str, environment: dict[str, str]) -> bool:
    """Run a command in that environment and nothing of ours beside it."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PAIRLY_")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=inherited | environment,
        check=False,
    )
    sys.stdout.write(f"{name}: {'passed' if done.returncode == 0 else 'FAILED'}\n")
    return done.returncode == 0


def main() -> int:
    migrations = ("makemigrations", "--check", "--dry-run")
    with tempfile.TemporaryDirectory(prefix="pairly-checks-") as folder:
        mongod = Mongod()
        try:
            here = {"PAIRLY_DATA_DIR": folder}
            on_mongodb = {**here, "DATABASE_URL": mongod.url("pairly_checks")}
            results = [
                manage("migrations on SQLite", *migrations, environment=here),
                manage("migrations on MongoDB", *migrations, environment=on_mongodb),
                manage(
                    "check --deploy",
                    *("check", "--deploy", "--fail-level", "WARNING"),
                    environment=on_mongodb | PRODUCTION,
                ),
            ]
        finally:
            mongod.stop()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
