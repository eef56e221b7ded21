"""Django's defaults but for what the task needs; ``PLAIN_DATABASE`` names the SQLite file."""

import os

SECRET_KEY = "the plain way is only ever measured"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["bench.baselines.plain"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["PLAIN_DATABASE"],
        "CONN_MAX_AGE": None,  # kept open, which is worth a third here and nearly everyone sets
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
