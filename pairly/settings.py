"""Settings, read top-down: everything from the environment, loud on a bad value.

``PAIRLY_MODE`` chooses between *mock* (nothing but Python) and *production* (MongoDB, Redis);
``pairly.checks`` refuses to start production on a mock adapter or a default secret. Limits,
prices and time-outs are overridden by ``PAIRLY_<NAME>``; ``.env.example`` lists them all.
"""

import logging
import sys
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from environs import Env

from pairly.core.logs import logging_settings

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env(str(BASE_DIR / ".env"), recurse=False)


def pairly_int(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number from ``PAIRLY_<name>``; a value below the minimum stops the start."""
    value: int = env.int(f"PAIRLY_{name}", default)
    if value < minimum:
        raise ValueError(f"PAIRLY_{name} is {value}; it must be at least {minimum}")
    return value


# Mode and places

MODE = env.str("PAIRLY_MODE", "mock")
if MODE not in ("mock", "production"):
    raise ValueError(f"PAIRLY_MODE is {MODE!r}; it must be mock or production")
MOCK_MODE = MODE == "mock"
DATA_DIR = Path(env.str("PAIRLY_DATA_DIR", str(BASE_DIR / "var"))).resolve()

DEBUG = False
DEFAULT_SECRET_KEY = "pairly-mock-mode-only-secret-key-that-production-refuses"  # noqa: S105
SECRET_KEY = env.str("SECRET_KEY", DEFAULT_SECRET_KEY)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["*"] if MOCK_MODE else [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", [])
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000")
WEB_CLIENT = env.bool("WEB_CLIENT", MOCK_MODE)

# Databases

DATABASE_URL = env.str("DATABASE_URL", f"sqlite:///{DATA_DIR / 'pairly.sqlite3'}")
MONGODB = DATABASE_URL.startswith("mongodb")
if MONGODB:
    DATABASES = {
        "default": {
            "ENGINE": "pairly.mongodb",
            "HOST": DATABASE_URL,
            "NAME": urlsplit(DATABASE_URL).path.strip("/") or "pairly",
            "OPTIONS": {"retryWrites": True, "w": "majority", "maxPoolSize": 50},
        }
    }
    DATABASE_ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]
    DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
    MIGRATION_MODULES = {
        app: f"pairly.mongodb.migrations.{app}" for app in ("admin", "auth", "contenttypes")
    }
    CONTRIB_APPS = [
        "pairly.mongodb.apps.AdminConfig",
        "pairly.mongodb.apps.AuthConfig",
        "pairly.mongodb.apps.ContentTypesConfig",
    ]
    # It enforces no check constraints; what money rests on, validators of ours check there.
    SILENCED_SYSTEM_CHECKS = ["models.W027"]
elif DATABASE_URL.startswith("sqlite:///"):
    DATABASES = {
        "default": {
            "ENGINE": "pairly.sqlite",
            "NAME": DATABASE_URL.removeprefix("sqlite:///"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # FULL: an acknowledged commit survives a power cut, which batches make cheap.
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-20000;"
                    " PRAGMA wal_autocheckpoint=4000;"
                    " PRAGMA mmap_size=134217728; PRAGMA temp_store=MEMORY;"
                ),
            },
        }
    }
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    CONTRIB_APPS = [
        "pairly.staff.apps.AdminConfig",
        "django.contrib.auth",
        "django.contrib.contenttypes",
    ]
    SQLITE_CHECKPOINT_MILLISECONDS = pairly_int("SQLITE_CHECKPOINT_MILLISECONDS", 250, minimum=10)
else:
    raise ValueError("DATABASE_URL must start with sqlite:/// or mongodb")

# Applications

INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it replaces
    "unfold.contrib.filters",
    *CONTRIB_APPS,
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_structlog",
    "corsheaders",
    "csp",
    "django_otp",
    "pairly",
    "pairly.core",
    "pairly.realtime",
    "pairly.outbox",
    "pairly.audit",
    "pairly.alerts",
    "pairly.accounts",
    "pairly.approvals",
    "pairly.moderation",
    "pairly.jobs",
    "pairly.staff.apps.StaffConfig",
    "payments",
    "presence",
    "messaging",
    "calling",
    "analytics",
    "analytics.reports",
    "notifications",
    "notifications.mail",
    "notifications.push",
    "pairly.webclient",
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["pairly.accounts.backends.RoleBackend"]
ROOT_URLCONF = "pairly.urls"
ASGI_APPLICATION = "pairly.asgi.application"
WSGI_APPLICATION = "pairly.wsgi.application"
MIDDLEWARE = [
    "pairly.metrics.MetricsMiddleware",
    "pairly.core.http.RequestIdMiddleware",
    "pairly.core.http.BodyLimitMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "pairly.staff.sessions.StaffSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pairly.staff.policy.PolicyMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
# Production serves what collectstatic gathered and hashed, mock mode straight from the packages.
STATIC_ROOT = None if MOCK_MODE else BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = MOCK_MODE
# Names without a hash may change with the next version: a browser asks, and mostly gets a 304.
WHITENOISE_MAX_AGE = 0
# Uploads lie on this machine's disk, or in a bucket that every process reaches.
S3_BUCKET = env.str("S3_BUCKET", "")
UPLOADS: dict[str, object] = {"BACKEND": "pairly.core.disk.DiskStorage"}
if S3_BUCKET:
    UPLOADS = {
        "BACKEND": "pairly.core.bucket.BucketStorage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,
            "region_name": env.str("S3_REGION", "") or None,
            "access_key": env.str("S3_ACCESS_KEY_ID", "") or None,
            "secret_key": env.str("S3_SECRET_ACCESS_KEY", "") or None,
            "default_acl": None,
            # Names are never used twice, so nothing has to be asked before a file is written.
            "file_overwrite": True,
        },
    }
STATIC_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"
if not MOCK_MODE:
    STATIC_FILES = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {"default": UPLOADS, "staticfiles": {"BACKEND": STATIC_FILES}}
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# Redis: cache, rate limits and news between processes; in process without it

REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "pairly"},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # rate limits live here; a culled one is forgotten
        }
    }
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

CACHE_OUTAGE_TOLD = "pairly.monitoring.outages.tell_of_cache"

# Accounts

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "display_name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
MINIMUM_AGE_YEARS = pairly_int("MINIMUM_AGE_YEARS", 18, minimum=18)
TERMS_VERSION = env.str("PAIRLY_TERMS_VERSION", "1")
ROLE_NEEDS_VERIFIED_EMAIL = env.bool("PAIRLY_ROLE_NEEDS_VERIFIED_EMAIL", not MOCK_MODE)
DEVICES_PER_USER_MAX = pairly_int("DEVICES_PER_USER_MAX", 10, minimum=1)
DEVICE_LIFETIME_DAYS = pairly_int("DEVICE_LIFETIME_DAYS", 30, minimum=1)
DEVICE_TOUCH_MINUTES = pairly_int("DEVICE_TOUCH_MINUTES", 10, minimum=1)
SOCKET_TICKET_LIFETIME_SECONDS = pairly_int("SOCKET_TICKET_LIFETIME_SECONDS", 30, minimum=1)
SIGN_IN_FAILURES_MAX = pairly_int("SIGN_IN_FAILURES_MAX", 10, minimum=1)
SIGN_IN_FAILURES_WINDOW_MINUTES = pairly_int("SIGN_IN_FAILURES_WINDOW_MINUTES", 15, minimum=1)
SIGN_IN_HISTORY_DAYS = pairly_int("SIGN_IN_HISTORY_DAYS", 90, minimum=1)
EMAIL_CODE_LIFETIME_MINUTES = pairly_int("EMAIL_CODE_LIFETIME_MINUTES", 30, minimum=1)
EMAIL_CODE_ATTEMPTS_MAX = pairly_int("EMAIL_CODE_ATTEMPTS_MAX", 5, minimum=1)
PASSWORD_RESET_LIFETIME_MINUTES = pairly_int("PASSWORD_RESET_LIFETIME_MINUTES", 60, minimum=1)
RATE_MAIL_PER_MINUTE = pairly_int("RATE_MAIL_PER_MINUTE", 3, minimum=1)
STEP_UP_SECONDS = pairly_int("STEP_UP_SECONDS", 600, minimum=1)
SECOND_FACTOR_FAILURES_MAX = pairly_int("SECOND_FACTOR_FAILURES_MAX", 5, minimum=1)
SECOND_FACTOR_LOCK_MINUTES = pairly_int("SECOND_FACTOR_LOCK_MINUTES", 15, minimum=1)
BLOCKS_PER_USER_MAX = pairly_int("BLOCKS_PER_USER_MAX", 1000, minimum=1)
REPORT_DUE_HOURS = pairly_int("REPORT_DUE_HOURS", 24, minimum=1)
REPORT_DUE_MINOR_MINUTES = pairly_int("REPORT_DUE_MINOR_MINUTES", 60, minimum=1)
PHOTO_BYTES_MAX = pairly_int("PHOTO_BYTES_MAX", 5 * 1024 * 1024, minimum=1)
PHOTO_SIDE_PIXELS_MIN = pairly_int("PHOTO_SIDE_PIXELS_MIN", 64, minimum=1)
PHOTO_SIDE_PIXELS_MAX = pairly_int("PHOTO_SIDE_PIXELS_MAX", 8000, minimum=1)
PHOTO_STORED_SIDE_PIXELS = pairly_int("PHOTO_STORED_SIDE_PIXELS", 1080, minimum=1)
MEDIA_ROOT = DATA_DIR / "uploads"

# Mail: mock mode keeps it in a table that staff read, production hands it to SMTP

MAIL_PROVIDER = env.str("MAIL_PROVIDER", "")
if MOCK_MODE:
    EMAIL_BACKEND = "pairly.accounts.mail_backend.EmailBackend"
elif MAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{MAIL_PROVIDER}.EmailBackend"
else:
    EMAIL_BACKEND = env.str("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
MAIL_WEBHOOK_SECRETS: list[str] = env.list("MAIL_WEBHOOK_SECRETS", [])
EMAIL_HOST = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT_SECONDS", 10)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Pairly <no-reply@pairly.test>")
MAIL_SOFT_BOUNCES_MAX = pairly_int("MAIL_SOFT_BOUNCES_MAX", 3, minimum=1)
MAIL_SOFT_BOUNCE_DAYS = pairly_int("MAIL_SOFT_BOUNCE_DAYS", 7, minimum=1)
# Keys of the provider, by the names that anymail gives them.
ANYMAIL = {
    **dict(env.json("ANYMAIL", {})),
    "WEBHOOK_SECRET": MAIL_WEBHOOK_SECRETS,
    "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
}

# Pushes: mock mode keeps them in a table that staff read, and makes its own key for browsers

VAPID_PRIVATE_KEY = env.str("VAPID_PRIVATE_KEY", "")
VAPID_SUBJECT = env.str("VAPID_SUBJECT", "mailto:push@pairly.test")
WEB_PUSH_ORIGINS: list[str] = env.list(
    "WEB_PUSH_ORIGINS",
    [
        "https://fcm.googleapis.com",
        "https://*.push.services.mozilla.com",
        "https://*.push.apple.com",
        "https://*.notify.windows.com",
    ],
)
FCM_SERVICE_ACCOUNT_FILE = env.str("FCM_SERVICE_ACCOUNT_FILE", "")
FCM_API_BASE = env.str("FCM_API_BASE", "https://fcm.googleapis.com")
APNS_KEY_FILE = env.str("APNS_KEY_FILE", "")
APNS_KEY_ID = env.str("APNS_KEY_ID", "")
APNS_TEAM_ID = env.str("APNS_TEAM_ID", "")
APNS_BUNDLE_ID = env.str("APNS_BUNDLE_ID", "")
APNS_SERVER = env.str("APNS_SERVER", "api.push.apple.com")
# Provider to the dotted path of what sends by it; in production each that has a key.
PUSH = "notifications.push.providers"
if MOCK_MODE:
    PUSH_PROVIDERS_DEFAULT = dict.fromkeys(
        ("web_push", "fcm", "apns", "apns_voip"), f"{PUSH}.mock.MockPushes"
    )
else:
    PUSH_PROVIDERS_DEFAULT = {
        **({"web_push": f"{PUSH}.web_push.WebPush"} if VAPID_PRIVATE_KEY else {}),
        **({"fcm": f"{PUSH}.fcm.Firebase"} if FCM_SERVICE_ACCOUNT_FILE else {}),
        **(dict.fromkeys(("apns", "apns_voip"), f"{PUSH}.apns.Apple") if APNS_KEY_FILE else {}),
    }
PUSH_PROVIDERS = env.dict("PUSH_PROVIDERS", PUSH_PROVIDERS_DEFAULT)
PUSH_TIMEOUT_SECONDS = pairly_int("PUSH_TIMEOUT_SECONDS", 10, minimum=1)
PUSH_DEVICE_STALE_DAYS = pairly_int("PUSH_DEVICE_STALE_DAYS", 270, minimum=1)

# Audit

AUDIT_BLOCK_ENTRIES_MAX = pairly_int("AUDIT_BLOCK_ENTRIES_MAX", 500, minimum=1)

# Alerts

ALERT_KEEP_RESOLVED_DAYS = pairly_int("ALERT_KEEP_RESOLVED_DAYS", 90, minimum=1)
ALERT_SHARE_EVENTS_MIN = pairly_int("ALERT_SHARE_EVENTS_MIN", 10, minimum=1)
ALERT_WEBHOOK_FAILURE_PERCENT = pairly_int("ALERT_WEBHOOK_FAILURE_PERCENT", 20)
ALERT_BAD_SIGNATURES_MAX = pairly_int("ALERT_BAD_SIGNATURES_MAX", 20)
ALERT_UNKNOWN_INTENT_MINUTES = pairly_int("ALERT_UNKNOWN_INTENT_MINUTES", 15, minimum=1)
ALERT_FRAUD_BLOCK_PERCENT = pairly_int("ALERT_FRAUD_BLOCK_PERCENT", 30)
ALERT_OUTBOX_LATE_MINUTES = pairly_int("ALERT_OUTBOX_LATE_MINUTES", 5, minimum=1)
ALERT_DEAD_NOTIFICATIONS_MAX = pairly_int("ALERT_DEAD_NOTIFICATIONS_MAX", 20)
ALERT_REFUSALS_MAX = pairly_int("ALERT_REFUSALS_MAX", 100, minimum=1)
ALERT_REFUSALS_MINUTES = pairly_int("ALERT_REFUSALS_MINUTES", 10, minimum=1)
REFUSALS_TOLD = "pairly.monitoring.abuse.flag_person"

# Server

SERVER_DRAIN_SECONDS = pairly_int("SERVER_DRAIN_SECONDS", 10, minimum=1)
SERVER_SHUTDOWN_SECONDS = pairly_int("SERVER_SHUTDOWN_SECONDS", 30, minimum=1)
AUDIT_SEAL_INTERVAL_MILLISECONDS = pairly_int("AUDIT_SEAL_INTERVAL_MILLISECONDS", 1000, minimum=10)

# Metrics: without a token they are told on this machine alone

METRICS_TOKEN = env.str("METRICS_TOKEN", "")
METRICS_CACHE_SECONDS = pairly_int("METRICS_CACHE_SECONDS", 10)

# Outbox

# Mock mode dispatches in the server's process; production hands the word to a worker.
OUTBOX_WAKE = "" if MOCK_MODE else "pairly.celery.dispatch_outbox_soon"
JOBS_START = "pairly.jobs.services.start_in_thread" if MOCK_MODE else "pairly.celery.start_job"
OUTBOX_LEASE_SECONDS = pairly_int("OUTBOX_LEASE_SECONDS", 300, minimum=1)
OUTBOX_POLL_MILLISECONDS = pairly_int("OUTBOX_POLL_MILLISECONDS", 1000, minimum=10)
OUTBOX_KEEP_DONE_DAYS = pairly_int("OUTBOX_KEEP_DONE_DAYS", 7)
OUTBOX_EVENTS_PER_ROW_MAX = pairly_int("OUTBOX_EVENTS_PER_ROW_MAX", 500, minimum=1)

# Realtime

REALTIME_AUTHENTICATE = "pairly.accounts.authentication.authenticate_socket"
REALTIME_ACCOUNT_STATES = "pairly.accounts.authentication.device_states"
REALTIME_BROADCAST = bool(REDIS_URL)
EVENT_LOG_EVENTS_MAX = pairly_int("EVENT_LOG_EVENTS_MAX", 1000, minimum=1)
EVENT_LOG_TRIM_EVENTS = pairly_int("EVENT_LOG_TRIM_EVENTS", 200, minimum=1)
EVENT_LOG_DAYS = pairly_int("EVENT_LOG_DAYS", 7, minimum=1)
SYNC_EVENTS_MAX = pairly_int("SYNC_EVENTS_MAX", 300, minimum=1)
SYNC_CHARACTERS_MAX = pairly_int("SYNC_CHARACTERS_MAX", 500_000, minimum=1)
SYNCS_MAX = pairly_int("SYNCS_MAX", 30, minimum=1)
SYNCS_WINDOW_SECONDS = pairly_int("SYNCS_WINDOW_SECONDS", 10, minimum=1)
SOCKETS_PER_DEVICE_MAX = pairly_int("SOCKETS_PER_DEVICE_MAX", 5, minimum=1)
SOCKET_HEARTBEAT_SECONDS = pairly_int("SOCKET_HEARTBEAT_SECONDS", 25, minimum=1)
SOCKET_PING_SECONDS = pairly_int("SOCKET_PING_SECONDS", 20, minimum=1)
SOCKET_PING_TIMEOUT_SECONDS = pairly_int("SOCKET_PING_TIMEOUT_SECONDS", 30, minimum=1)
SOCKET_QUEUE_FRAMES_MAX = pairly_int("SOCKET_QUEUE_FRAMES_MAX", 2000, minimum=1)
SOCKET_QUEUE_CHARACTERS_MAX = pairly_int("SOCKET_QUEUE_CHARACTERS_MAX", 2_000_000, minimum=1)
SOCKET_FRAMES_MAX = pairly_int("SOCKET_FRAMES_MAX", 300, minimum=1)
SOCKET_FRAMES_WINDOW_SECONDS = pairly_int("SOCKET_FRAMES_WINDOW_SECONDS", 5, minimum=1)
SOCKET_BAD_FRAMES_PER_MINUTE = pairly_int("SOCKET_BAD_FRAMES_PER_MINUTE", 50, minimum=1)

# Presence

PRESENCE_AWAY_SECONDS = pairly_int("PRESENCE_AWAY_SECONDS", 300, minimum=1)
PRESENCE_OFFLINE_SECONDS = pairly_int("PRESENCE_OFFLINE_SECONDS", 1800, minimum=1)
PRESENCE_DAMPING_SECONDS = pairly_int("PRESENCE_DAMPING_SECONDS", 5)
PRESENCE_LEASE_SECONDS = pairly_int("PRESENCE_LEASE_SECONDS", 70, minimum=3)
PRESENCE_SWEEP_MILLISECONDS = pairly_int("PRESENCE_SWEEP_MILLISECONDS", 1000, minimum=10)
PRESENCE_WATCHED_MAX = pairly_int("PRESENCE_WATCHED_MAX", 500, minimum=1)
PRESENCE_WATCHES_MAX = pairly_int("PRESENCE_WATCHES_MAX", 30, minimum=1)
PRESENCE_WATCHES_WINDOW_SECONDS = pairly_int("PRESENCE_WATCHES_WINDOW_SECONDS", 10, minimum=1)
PRESENCE_SETS_MAX = pairly_int("PRESENCE_SETS_MAX", 10, minimum=1)
PRESENCE_SETS_WINDOW_SECONDS = pairly_int("PRESENCE_SETS_WINDOW_SECONDS", 60, minimum=1)
PRESENCE_HISTORY_DAYS = pairly_int("PRESENCE_HISTORY_DAYS", 30, minimum=1)

# Ledger and prices

LEDGER_BLOCK_TRANSFERS_MAX = pairly_int("LEDGER_BLOCK_TRANSFERS_MAX", 500, minimum=1)
LEDGER_SEAL_INTERVAL_MILLISECONDS = pairly_int("LEDGER_SEAL_INTERVAL_MILLISECONDS", 200, minimum=10)
LEDGER_SIGNING_KEY = env.str("LEDGER_SIGNING_KEY", "")
LEDGER_SIGNING_KEY_FILE = env.str("LEDGER_SIGNING_KEY_FILE", "")
LEDGER_RETIRED_KEYS: list[str] = env.list("LEDGER_RETIRED_KEYS", [])
LEDGER_HEADS_FILE = env.str("LEDGER_HEADS_FILE", "")
WELCOME_BONUS_CREDITS = pairly_int("WELCOME_BONUS_CREDITS", 20)
CREDITS_LOW_CREDITS = pairly_int("CREDITS_LOW_CREDITS", 5)
MESSAGE_RECIPIENT_SHARE_PERCENT = pairly_int("MESSAGE_RECIPIENT_SHARE_PERCENT", 0)
PRICE_LEAD_SECONDS = pairly_int("PRICE_LEAD_SECONDS", 600, minimum=120)
PRICE_MESSAGE_TEXT_CREDITS = pairly_int("PRICE_MESSAGE_TEXT_CREDITS", 1)
PRICE_MESSAGE_IMAGE_CREDITS = pairly_int("PRICE_MESSAGE_IMAGE_CREDITS", 2)
PRICE_MESSAGE_AUDIO_CREDITS = pairly_int("PRICE_MESSAGE_AUDIO_CREDITS", 2)
PRICE_MESSAGE_VIDEO_CREDITS = pairly_int("PRICE_MESSAGE_VIDEO_CREDITS", 3)
PRICE_MESSAGE_FILE_CREDITS = pairly_int("PRICE_MESSAGE_FILE_CREDITS", 2)
PRICE_CALL_AUDIO_CREDITS_PER_MINUTE = pairly_int("PRICE_CALL_AUDIO_CREDITS_PER_MINUTE", 5)
PRICE_CALL_VIDEO_CREDITS_PER_MINUTE = pairly_int("PRICE_CALL_VIDEO_CREDITS_PER_MINUTE", 10)

# Messaging

MESSAGE_TEXT_CHARACTERS_MAX = pairly_int("MESSAGE_TEXT_CHARACTERS_MAX", 5000, minimum=1)
MESSAGE_ATTACHMENTS_MAX = pairly_int("MESSAGE_ATTACHMENTS_MAX", 10, minimum=1)
MESSAGE_EDIT_MINUTES = pairly_int("MESSAGE_EDIT_MINUTES", 15)
MESSAGE_DELETE_MINUTES = pairly_int("MESSAGE_DELETE_MINUTES", 60)
FIRST_MESSAGES_UNANSWERED_MAX = pairly_int("FIRST_MESSAGES_UNANSWERED_MAX", 0)
NEW_CONVERSATIONS_PER_DAY_MAX = pairly_int("NEW_CONVERSATIONS_PER_DAY_MAX", 0)
MESSAGES_MAX = pairly_int("MESSAGES_MAX", 30, minimum=1)
MESSAGES_WINDOW_SECONDS = pairly_int("MESSAGES_WINDOW_SECONDS", 5, minimum=1)
ATTACHMENT_IMAGE_BYTES_MAX = pairly_int("ATTACHMENT_IMAGE_BYTES_MAX", 10 * 1024 * 1024, minimum=1)
ATTACHMENT_AUDIO_BYTES_MAX = pairly_int("ATTACHMENT_AUDIO_BYTES_MAX", 10 * 1024 * 1024, minimum=1)
ATTACHMENT_VIDEO_BYTES_MAX = pairly_int("ATTACHMENT_VIDEO_BYTES_MAX", 25 * 1024 * 1024, minimum=1)
ATTACHMENT_FILE_BYTES_MAX = pairly_int("ATTACHMENT_FILE_BYTES_MAX", 10 * 1024 * 1024, minimum=1)
ATTACHMENT_IMAGE_SIDE_PIXELS_MAX = pairly_int("ATTACHMENT_IMAGE_SIDE_PIXELS_MAX", 10000, minimum=1)
ATTACHMENT_IMAGE_PIXELS_MAX = pairly_int("ATTACHMENT_IMAGE_PIXELS_MAX", 50_000_000, minimum=1)
ATTACHMENT_IMAGE_STORED_SIDE_PIXELS = pairly_int(
    "ATTACHMENT_IMAGE_STORED_SIDE_PIXELS", 2048, minimum=1
)
ATTACHMENT_ANIMATION_PIXELS_MAX = pairly_int("ATTACHMENT_ANIMATION_PIXELS_MAX", 50_000_000)
ATTACHMENTS_PER_DAY_MAX = pairly_int("ATTACHMENTS_PER_DAY_MAX", 200, minimum=1)
ATTACHMENT_BYTES_PER_DAY_MAX = pairly_int(
    "ATTACHMENT_BYTES_PER_DAY_MAX", 500 * 1024 * 1024, minimum=1
)
ATTACHMENT_ORPHAN_HOURS = pairly_int("ATTACHMENT_ORPHAN_HOURS", 24, minimum=1)
TYPING_INTERVAL_SECONDS = pairly_int("TYPING_INTERVAL_SECONDS", 3, minimum=1)
TYPING_EXPIRY_SECONDS = pairly_int("TYPING_EXPIRY_SECONDS", 6, minimum=1)
TYPING_PARTNER_CACHE_SECONDS = pairly_int("TYPING_PARTNER_CACHE_SECONDS", 10, minimum=1)

# Calls: an increment is the least that is billed, a part of the minute

RING_TIMEOUT_SECONDS = pairly_int("RING_TIMEOUT_SECONDS", 30, minimum=1)
CALL_MEDIA_TIMEOUT_SECONDS = pairly_int("CALL_MEDIA_TIMEOUT_SECONDS", 20, minimum=1)
CALL_HEARTBEAT_SECONDS = pairly_int("CALL_HEARTBEAT_SECONDS", 5, minimum=1)
CALL_GRACE_SECONDS = pairly_int("CALL_GRACE_SECONDS", 15, minimum=1)
CALL_OUTAGE_SECONDS_MAX = pairly_int("CALL_OUTAGE_SECONDS_MAX", 60, minimum=1)
CALL_SWEEP_MILLISECONDS = pairly_int("CALL_SWEEP_MILLISECONDS", 1000, minimum=10)
CALL_CALLEE_SHARE_PERCENT = pairly_int("CALL_CALLEE_SHARE_PERCENT", 0)
CALL_STATISTICS_DAYS = pairly_int("CALL_STATISTICS_DAYS", 30, minimum=1)
CALL_INVITES_MAX = pairly_int("CALL_INVITES_MAX", 10, minimum=1)
CALL_INVITES_WINDOW_SECONDS = pairly_int("CALL_INVITES_WINDOW_SECONDS", 60, minimum=1)
CALL_SIGNALS_MAX = pairly_int("CALL_SIGNALS_MAX", 300, minimum=1)
CALL_SIGNALS_WINDOW_SECONDS = pairly_int("CALL_SIGNALS_WINDOW_SECONDS", 10, minimum=1)
BILLING_MINUTE_SECONDS = pairly_int("BILLING_MINUTE_SECONDS", 60, minimum=1)
BILLING_INCREMENT_SECONDS = min(
    pairly_int("BILLING_INCREMENT_SECONDS", 60, minimum=1),
    BILLING_MINUTE_SECONDS,
)
if BILLING_MINUTE_SECONDS % BILLING_INCREMENT_SECONDS:
    raise ValueError("PAIRLY_BILLING_INCREMENT_SECONDS must divide PAIRLY_BILLING_MINUTE_SECONDS")

# How the media of calls find their way; without relays mock mode's calls stay on one network

STUN_URLS: list[str] = env.list("STUN_URLS", [])
TURN_URLS: list[str] = env.list("TURN_URLS", [])
TURN_SECRET = env.str("TURN_SECRET", "")
TURN_CREDENTIAL_SECONDS = pairly_int("TURN_CREDENTIAL_SECONDS", 900, minimum=60)
CALL_RELAY_ONLY_UNTIL_ACCEPTED = env.bool("PAIRLY_CALL_RELAY_ONLY_UNTIL_ACCEPTED", True)
if TURN_URLS and not TURN_SECRET:
    raise ValueError("TURN_URLS needs TURN_SECRET, the static-auth-secret of these relays")

# Notifications: how long things gather, wait and are kept

NOTIFICATION_POLL_MILLISECONDS = pairly_int("NOTIFICATION_POLL_MILLISECONDS", 1000, minimum=10)
NOTIFICATION_LEASE_SECONDS = pairly_int("NOTIFICATION_LEASE_SECONDS", 300, minimum=1)
NOTIFICATION_GATHER_SECONDS = pairly_int("NOTIFICATION_GATHER_SECONDS", 5)
NOTIFICATION_PUSH_PAUSE_SECONDS = pairly_int("NOTIFICATION_PUSH_PAUSE_SECONDS", 30)
NOTIFICATION_DIGEST_MINUTES = pairly_int("NOTIFICATION_DIGEST_MINUTES", 60)
NOTIFICATION_KEEP_DAYS = pairly_int("NOTIFICATION_KEEP_DAYS", 90, minimum=8)
NOTIFICATION_REPLAYS_MAX = pairly_int("NOTIFICATION_REPLAYS_MAX", 5, minimum=1)
BROADCAST_PEOPLE_PER_MINUTE_MAX = pairly_int("BROADCAST_PEOPLE_PER_MINUTE_MAX", 6000, minimum=1)

# Moderation: what looks at texts, and how long what was looked at is kept

MODERATION_SERVICE_URL = env.str("MODERATION_SERVICE_URL", "")
MODERATION_SERVICE_TOKEN = env.str("MODERATION_SERVICE_TOKEN", "")
MODERATION_CLASSIFIER = (
    "pairly.moderation.classifier.service.Service"
    if MODERATION_SERVICE_URL
    else "pairly.moderation.classifier.heuristics.Heuristics"
)
MODERATION_SERVICE_TIMEOUT_MILLISECONDS = pairly_int(
    "MODERATION_SERVICE_TIMEOUT_MILLISECONDS", 800, minimum=1
)
MODERATION_SERVICE_FAILURES_MAX = pairly_int("MODERATION_SERVICE_FAILURES_MAX", 5, minimum=1)
MODERATION_SERVICE_PAUSE_SECONDS = pairly_int("MODERATION_SERVICE_PAUSE_SECONDS", 30, minimum=1)
MODERATION_PHOTO_REVIEW = env.bool("PAIRLY_MODERATION_PHOTO_REVIEW", True)
MODERATION_CONTENT_DAYS = pairly_int("MODERATION_CONTENT_DAYS", 90, minimum=1)

# Payments: in mock mode webhooks are really signed, with secrets that all know

MOCK_WEBHOOK_SECRETS = ["pairly-mock-mode-only-webhook-secret"]
STRIPE_WEBHOOK_SECRETS = env.list(
    "STRIPE_WEBHOOK_SECRETS", MOCK_WEBHOOK_SECRETS if MOCK_MODE else []
)
RAZORPAY_WEBHOOK_SECRETS = env.list(
    "RAZORPAY_WEBHOOK_SECRETS", MOCK_WEBHOOK_SECRETS if MOCK_MODE else []
)
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", "")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "https://api.stripe.com")
RAZORPAY_KEY_ID = env.str("RAZORPAY_KEY_ID", "")
RAZORPAY_KEY_SECRET = env.str("RAZORPAY_KEY_SECRET", "")
RAZORPAY_API_BASE = env.str("RAZORPAY_API_BASE", "https://api.razorpay.com")
# Provider to the dotted path of its gateway; in production each real one that has a key.
if MOCK_MODE:
    GATEWAYS_DEFAULT = {
        "stripe": "payments.gateways.mock_stripe.MockStripe",
        "razorpay": "payments.gateways.mock_razorpay.MockRazorpay",
    }
else:
    GATEWAYS_DEFAULT = {
        **({"stripe": "payments.gateways.stripe.Stripe"} if STRIPE_SECRET_KEY else {}),
        **({"razorpay": "payments.gateways.razorpay.Razorpay"} if RAZORPAY_KEY_ID else {}),
    }
PAYMENT_GATEWAYS = env.dict("PAYMENT_GATEWAYS", GATEWAYS_DEFAULT)
PAYMENT_TIMEOUT_SECONDS = pairly_int("PAYMENT_TIMEOUT_SECONDS", 10, minimum=1)
PAYMENT_RETRIES_MAX = pairly_int("PAYMENT_RETRIES_MAX", 1)
PAYMENT_SILENCES_MAX = pairly_int("PAYMENT_SILENCES_MAX", 5, minimum=1)
PAYMENT_PAUSE_SECONDS = pairly_int("PAYMENT_PAUSE_SECONDS", 15)
CURRENCY_DEFAULT = env.str("PAIRLY_CURRENCY_DEFAULT", "INR")
PURCHASE_NEEDS_VERIFIED_EMAIL = env.bool("PAIRLY_PURCHASE_NEEDS_VERIFIED_EMAIL", not MOCK_MODE)
INTENT_LIFETIME_MINUTES = pairly_int("INTENT_LIFETIME_MINUTES", 10, minimum=1)
INTENT_POLL_SECONDS = pairly_int("INTENT_POLL_SECONDS", 30, minimum=1)
REFUND_BOOKS_DEBT = env.bool("PAIRLY_REFUND_BOOKS_DEBT", False)
# Of one purchase, by currency; one that is not named here always takes two people.
REFUND_APPROVAL_MINOR = env.dict(
    "PAIRLY_REFUND_APPROVAL_MINOR", {"INR": 20000, "USD": 400}, subcast_values=int
)
WEBHOOK_BODY_BYTES_MAX = pairly_int("WEBHOOK_BODY_BYTES_MAX", 256 * 1024, minimum=1)
WEBHOOK_BODY_KEEP_DAYS = pairly_int("WEBHOOK_BODY_KEEP_DAYS", 180, minimum=1)
WEBHOOK_REPLAYS_MAX = pairly_int("WEBHOOK_REPLAYS_MAX", 5, minimum=1)
WEBHOOK_LEASE_SECONDS = pairly_int("WEBHOOK_LEASE_SECONDS", 60, minimum=1)
RECONCILIATION_DAYS = pairly_int("RECONCILIATION_DAYS", 7, minimum=1)
RECONCILIATION_LAG_MINUTES = pairly_int("RECONCILIATION_LAG_MINUTES", 60)
MOCK_PAYMENT_DELAY_SECONDS = pairly_int("MOCK_PAYMENT_DELAY_SECONDS", 5, minimum=1)
MOCK_REFUND_DELAY_SECONDS = pairly_int("MOCK_REFUND_DELAY_SECONDS", 0)
MOCK_STRIPE_FEE_BASIS_POINTS = pairly_int("MOCK_STRIPE_FEE_BASIS_POINTS", 290)
MOCK_STRIPE_FEE_FIXED_MINOR = pairly_int("MOCK_STRIPE_FEE_FIXED_MINOR", 30)
MOCK_STRIPE_DISPUTE_FEE_MINOR = pairly_int("MOCK_STRIPE_DISPUTE_FEE_MINOR", 1500)
MOCK_RAZORPAY_FEE_BASIS_POINTS = pairly_int("MOCK_RAZORPAY_FEE_BASIS_POINTS", 236)
MOCK_RAZORPAY_FEE_FIXED_MINOR = pairly_int("MOCK_RAZORPAY_FEE_FIXED_MINOR", 0)
MOCK_RAZORPAY_DISPUTE_FEE_MINOR = pairly_int("MOCK_RAZORPAY_DISPUTE_FEE_MINOR", 0)

# Fraud: from so many points on a purchase is reviewed or refused

FRAUD_REVIEW_POINTS = pairly_int("FRAUD_REVIEW_POINTS", 40, minimum=1)
FRAUD_BLOCK_POINTS = pairly_int("FRAUD_BLOCK_POINTS", 70, minimum=1)
# Where a buyer is: a header of the trusted proxies, or a file in MaxMind's format.
COUNTRY_HEADER = env.str("PAIRLY_COUNTRY_HEADER", "")
GEOIP_FILE = env.str("PAIRLY_GEOIP_FILE", "")

# Analytics

ANALYTICS_BODY_BYTES_MAX = pairly_int("ANALYTICS_BODY_BYTES_MAX", 512 * 1024, minimum=1)
ANALYTICS_LATE_DAYS_MAX = pairly_int("ANALYTICS_LATE_DAYS_MAX", 7, minimum=1)
ANALYTICS_FUTURE_MINUTES_MAX = pairly_int("ANALYTICS_FUTURE_MINUTES_MAX", 10)
ANALYTICS_SKEW_SECONDS_MAX = pairly_int("ANALYTICS_SKEW_SECONDS_MAX", 30)
ANALYTICS_PENDING_EVENTS_MAX = pairly_int("ANALYTICS_PENDING_EVENTS_MAX", 10_000, minimum=1)
ANALYTICS_LATE_EVENTS_MINUTES = pairly_int("ANALYTICS_LATE_EVENTS_MINUTES", 60)
ANALYTICS_KEEP_DAYS = pairly_int("ANALYTICS_KEEP_DAYS", 760, minimum=30)
ANALYTICS_SET_ASIDE_DAYS = pairly_int("ANALYTICS_SET_ASIDE_DAYS", 14, minimum=1)
ANALYTICS_MEMORY_MB = pairly_int("ANALYTICS_MEMORY_MB", 384, minimum=128)
ANALYTICS_THREADS = pairly_int("ANALYTICS_THREADS", 2, minimum=1)
ANALYTICS_EXPORT_ROWS_MAX = pairly_int("ANALYTICS_EXPORT_ROWS_MAX", 1_000_000, minimum=1)
# Whose address is at one of these is a test person, who counts nowhere.
ANALYTICS_TEST_EMAIL_DOMAINS: list[str] = env.list(
    "PAIRLY_ANALYTICS_TEST_EMAIL_DOMAINS", ["test.invalid"]
)

# Idempotency keys

IDEMPOTENCY_KEEP_HOURS = pairly_int("IDEMPOTENCY_KEEP_HOURS", 24, minimum=1)
IDEMPOTENCY_LOCK_SECONDS = pairly_int("IDEMPOTENCY_LOCK_SECONDS", 60, minimum=1)

# REST framework

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["pairly.accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["pairly.core.throttling.UserThrottle"],
    "DEFAULT_PARSER_CLASSES": ["pairly.core.wire.PairlyJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["pairly.core.wire.PairlyJSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "pairly.core.pagination.PairlyCursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "pairly.core.http.exception_handler",
    "DATETIME_FORMAT": None,  # the renderer writes times, in one form
    "URL_FORMAT_OVERRIDE": None,
    "FORMAT_SUFFIX_KWARG": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "pairly.core.wire.PairlyJSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
}

# Staff site

STAFF_SESSION_HOURS = pairly_int("STAFF_SESSION_HOURS", 12, minimum=1)
SESSION_COOKIE_AGE = STAFF_SESSION_HOURS * 3600
SESSION_COOKIE_SAMESITE = "Strict"
LOGIN_URL = "admin:login"
FORMAT_MODULE_PATH = ["pairly.staff.formats"]
STAFF_REFRESH_SECONDS = pairly_int("STAFF_REFRESH_SECONDS", 15, minimum=1)
STAFF_GOODWILL_CREDITS_MAX = pairly_int("STAFF_GOODWILL_CREDITS_MAX", 50, minimum=0)
STAFF_GOODWILL_CREDITS_PER_DAY_MAX = pairly_int(
    "STAFF_GOODWILL_CREDITS_PER_DAY_MAX", 500, minimum=0
)
STAFF_ADJUSTMENT_APPROVAL_CREDITS = pairly_int("STAFF_ADJUSTMENT_APPROVAL_CREDITS", 1000)
APPROVAL_LIFETIME_HOURS = pairly_int("APPROVAL_LIFETIME_HOURS", 72, minimum=1)
UNFOLD = {
    "SITE_TITLE": "Pairly staff",
    "SITE_HEADER": "Pairly",
    "SITE_SUBHEADER": "Staff site",
    "SITE_URL": None,
    "SITE_ICON": "pairly.staff.navigation.icon",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "pairly.staff.navigation.icon"}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "pairly.staff.navigation.environment",
    "STYLES": ["pairly.staff.navigation.stylesheet"],
    "ACCOUNT": {"navigation": "pairly.staff.navigation.account"},
    "SIDEBAR": {"navigation": "pairly.staff.navigation.sidebar"},
}

# Limits of HTTP

RATE_LIMITS = env.bool("PAIRLY_RATE_LIMITS", True)
RATE_USER_PER_MINUTE = pairly_int("RATE_USER_PER_MINUTE", 120, minimum=1)
RATE_SIGN_IN_PER_MINUTE = pairly_int("RATE_SIGN_IN_PER_MINUTE", 5, minimum=1)
RATE_MONEY_PER_MINUTE = pairly_int("RATE_MONEY_PER_MINUTE", 10, minimum=1)
RATE_DOWNLOAD_PER_MINUTE = pairly_int("RATE_DOWNLOAD_PER_MINUTE", 600, minimum=1)
RATE_EXPORT_PER_MINUTE = pairly_int("RATE_EXPORT_PER_MINUTE", 5, minimum=1)
RATE_USAGE_PER_MINUTE = pairly_int("RATE_USAGE_PER_MINUTE", 10, minimum=1)
REQUEST_BODY_BYTES_MAX = pairly_int("REQUEST_BODY_BYTES_MAX", 64 * 1024, minimum=1)
UPLOAD_BODY_BYTES_MAX = pairly_int("UPLOAD_BODY_BYTES_MAX", 26 * 1024 * 1024, minimum=1)
TRUSTED_PROXY_COUNT = pairly_int("TRUSTED_PROXY_COUNT", 0)
CSRF_FAILURE_VIEW = "pairly.core.http.csrf_failure"

# Security: TLS ends at a proxy in production, which says so in X-Forwarded-Proto

SECURE_SSL_REDIRECT = not MOCK_MODE
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 0 if MOCK_MODE else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not MOCK_MODE
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not MOCK_MODE
CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (
    *("x-request-id", "retry-after", "idempotent-replayed"),
    *("content-disposition", "content-range", "etag"),
)

# Logs

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOGGING = logging_settings(level=LOG_LEVEL, pretty=MOCK_MODE and sys.stderr.isatty())
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # RequestIdMiddleware has made it sane
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO

# Descriptions of the API

API_VERSION = "1.0.0"
SPECTACULAR_SETTINGS = {
    "TITLE": "Pairly",
    "DESCRIPTION": "People meet, write and call. The sockets are described at /api/docs/realtime.",
    "VERSION": API_VERSION,
    "OAS_VERSION": "3.1.1",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "AdjustmentKind": "payments.adjustments.models.Kind",
        "AdjustmentState": "payments.adjustments.models.State",
        "ApprovalState": "pairly.approvals.models.State",
        "AttachmentKind": "messaging.attachments.models.Attachment.Kind",
        "CallEndReason": "calling.states.Reason",
        "CallMedia": "calling.models.Media",
        "CallStatus": "calling.states.Status",
        "DeviceKind": "presence.models.DeviceKind",
        "PresenceMode": "presence.status.Mode",
        "PresenceStatus": "presence.serializers.SHOWN",
        "MessageKind": "messaging.models.MessageKind",
        "CaseTargetType": "pairly.moderation.models.Case.TargetType",
        "ReportReason": "pairly.accounts.models.Report.Reason",
        "ReportTargetType": "pairly.accounts.models.Report.TargetType",
        "AlertSeverity": "pairly.alerts.models.Severity",
        "AlertState": "pairly.alerts.models.Alert.State",
        "BroadcastKind": "notifications.broadcasts.models.BROADCAST_KIND_CHOICES",
        "BroadcastState": "notifications.broadcasts.models.Broadcast.State",
        "DeliveryReason": "notifications.models.Delivery.Reason",
        "DeliveryState": "notifications.models.Delivery.State",
        "NotificationChannel": "notifications.staff_serializers.CHANNEL_CHOICES",
        "NotificationKind": "notifications.staff_serializers.KIND_CHOICES",
        "SendingChannel": "notifications.staff_serializers.SENT_CHANNELS",
        "FraudReviewState": "payments.fraud.models.Review.State",
        "IntentStatus": "payments.intents.states.Status",
        "PushProvider": "notifications.push.models.PushDevice.Provider",
        "SuppressionReason": "notifications.mail.models.Suppression.Reason",
        "ReportStatus": "pairly.accounts.models.Report.Status",
        "OutboxState": "pairly.outbox.models.OutboxEvent.State",
        "WebhookState": "payments.webhooks.models.Webhook.State",
        "BreakState": "payments.reconciliation.models.Break.State",
        "BreakKind": "payments.reconciliation.models.Break.Kind",
        "ReconciliationState": "payments.reconciliation.models.Reconciliation.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "pairly.schema.document_problems",
    ],
}

# Clients

CLIENT_VERSION_MIN_ANDROID = env.str("PAIRLY_CLIENT_VERSION_MIN_ANDROID", "1.0.0")
CLIENT_VERSION_MIN_IOS = env.str("PAIRLY_CLIENT_VERSION_MIN_IOS", "1.0.0")
CLIENT_VERSION_MIN_WEB = env.str("PAIRLY_CLIENT_VERSION_MIN_WEB", "1.0.0")
