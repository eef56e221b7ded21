"""Logs: one JSON line per event on standard error, with request id and user id, redacted.

Whatever writes a line (ours, Django, Daphne, uvicorn) goes through one formatter. Secrets and
personal data go by the name of the key and, inside of texts and tracebacks, by their look.
"""

import re
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

__all__ = ["REDACTED", "configure", "logging_settings", "redact"]

REDACTED = "[redacted]"
DEPTH_MAX = 8

SECRET_KEY_NAME = re.compile(
    r"password|passwd|token|authori[sz]ation|secret|cookie|ticket|credential|signature"
    r"|e_?mail|api_?key|private_?key|(^|_)otp|totp|(^|_)cv[cv]$",
    re.IGNORECASE,
)
CODE_KEY_NAME = re.compile(r"(^|_)code$", re.IGNORECASE)
MAILED_CODE = re.compile(r"\d{4,}")

# Strangers choose what they look at, so each takes time in proportion to the length of the text: a
# pattern that opens with a run of characters starts at the run's beginning alone.
QUOTED = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
SECRET_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(Bearer|Basic|Token)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(\.[\w-]+)+"), REDACTED),
    (  # name=value of addresses and forms, "name": "value" and 'name': 'value' of JSON and reprs
        re.compile(
            r"""((?:password|token|ticket|secret|signature|api_?key|authorization|cookie|cv[cv])"""
            rf"""["']?\s*[=:]\s*)({QUOTED}|(?!\[redacted)[^\s&,;}}"']+)""",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"""(\bcode["']?\s*[=:]\s*["']?)\d{4,}"""), rf"\1{REDACTED}"),
    # What people write to each other, in JSON and reprs.
    (re.compile(rf"""(\btext["']?\s*[=:]\s*){QUOTED}"""), rf"\1{REDACTED}"),
    (  # numbers of cards
        re.compile(
            r"(?<![\w.-])(?:[2-6]\d{13,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{1,7}"
            r"|3\d{3}([ -])\d{6}\2\d{5})(?![\w-])"
        ),
        REDACTED,
    ),
    (re.compile(r"\b(sk|rk|pk|whsec|rzp)_(live|test)?_?\w{8,}"), REDACTED),
    (re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"), REDACTED),
    # What looks drawn at random: long, with capitals, small letters and digits. Hashes and ids
    # are hexadecimal and stay.
    (
        re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{40,}"),
        REDACTED,
    ),
)


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The last processor before the line is written."""
    return {key: _redacted(key, value, DEPTH_MAX) for key, value in event.items()}


def _redacted(key: str, value: Any, depth_left: int) -> Any:
    if SECRET_KEY_NAME.search(key) and value is not None and not isinstance(value, bool):
        return REDACTED
    if isinstance(value, (bytes, bytearray)):
        value = value.decode(errors="replace")
    if CODE_KEY_NAME.search(key) and MAILED_CODE.search(str(value)):
        return REDACTED
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth_left and isinstance(value, dict):
        return {
            str(inner): _redacted(str(inner), item, depth_left - 1) for inner, item in value.items()
        }
    if depth_left and isinstance(value, (list, tuple, set, frozenset)):
        return [_redacted("", item, depth_left - 1) for item in value]
    return _redacted_text(str(value))


def _redacted_text(text: str) -> str:
    for pattern, replacement in SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    return text


def drop_noise(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A probe that went well, every few seconds, is not news; nor is the end of an answer whose
    access line stands already."""
    probed = str(event.get("path", "")).startswith("/health/") and event.get("status") == 200
    if probed or event.get("event") == "streaming_finished":
        raise structlog.DropEvent
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def configure() -> None:
    """Send structlog's own loggers the way of the standard library's."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            drop_noise,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_settings(*, level: str, pretty: bool) -> dict[str, Any]:
    """Django's ``LOGGING``. ``pretty`` is for people at a terminal, in mock mode only."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_SHARED, structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    redact,
                    _pretty_renderer() if pretty else _render_json,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Emptied of Django's own handlers, so that everything ends in the one above.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # The access line and ``request_failed`` tell the same with more.
            "django.request": {"level": "CRITICAL", "propagate": True},
            "uvicorn": {"handlers": [], "level": level, "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
            "daphne": {"handlers": [], "level": "WARNING", "propagate": True},
            "httpx": {"level": "WARNING"},
            "aioapns": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},  # below that it writes whole answers
        },
    }


def _pretty_renderer() -> Processor:
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _render_json(_logger: Any, _method: str, event: EventDict) -> str:
    ordered = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return orjson.dumps({**ordered, **event}, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
