"""What hordak needs, on SQLite as durable as Pairly's."""

import os

SECRET_KEY = "only-for-a-benchmark"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "mptt", "hordak"]
HORDAK_CURRENCIES = ["EUR"]
HORDAK_INTERNAL_CURRENCY = DEFAULT_CURRENCY = "EUR"
CURRENCIES = ["EUR"]
MIGRATION_MODULES = {"hordak": None}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["HORDAK_DATABASE"],
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            " PRAGMA cache_size=-20000; PRAGMA mmap_size=134217728; PRAGMA temp_store=MEMORY;",
        },
    }
}
