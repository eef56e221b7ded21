"""One JSON line per event, and no secret in any of them."""

import functools
import io
import logging
import logging.config
import time
import timeit
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import structlog
from rest_framework.test import APIClient

from pairly.core.logs import REDACTED, logging_settings

Lines = Callable[[], list[dict[str, Any]]]

TOKEN = "Zk3v9Qw_1aB-cD4eF6gH8iJ0kL2mN5oP7qR9sT1uV3w"
SECRETS = (TOKEN, "hunter2", "ava@pairly.test", "482913", "sk_live_51Habcdefgh", "c2Vzc2lvbg")


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the configured formatter writes, decoded."""
    configured = logging_settings(level="INFO", pretty=False)
    formatter = logging.config.DictConfigurator(configured).configure_formatter(
        configured["formatters"]["line"]
    )
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    yield lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def only(lines: Lines, event: str) -> dict[str, Any]:
    (found,) = [line for line in lines() if line["event"] == event]
    return found


def assert_no_secret(value: Any) -> None:
    text = orjson.dumps(value).decode()
    assert not [secret for secret in SECRETS if secret in text], text


def test_secrets_go_by_the_name_of_their_key(lines: Lines) -> None:
    structlog.get_logger("pairly").info(
        "told",
        password="hunter2",
        new_password="hunter2",
        token=TOKEN,
        Authorization=f"Bearer {TOKEN}",
        email="ava@pairly.test",
        code="482913",
        body={"user": {"e_mail": "ava@pairly.test", "otp": 482913}, "headers": [{"cookie": TOKEN}]},
        status=404,
        error_code="not_found",
        user_id="0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1",
    )
    line = only(lines, "told")
    assert_no_secret(line)
    assert line["body"]["user"]["e_mail"] == REDACTED
    assert line["status"] == 404
    assert line["error_code"] == "not_found"
    assert line["user_id"] == "0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1"


@pytest.mark.parametrize(
    "text",
    [
        "mail to ava@pairly.test failed",
        f"header Authorization: Bearer {TOKEN}",
        f"GET /ws/?ticket=hunter2&x=1 and /unsubscribe/{TOKEN}",
        'body {"password": "hunter2", "display_name": "Ava"}',
        "repr {'token': 'hunter2'}",
        "password=hunter2",
        "code=482913 refused",
        '{"code": "482913"}',
        "key sk_live_51Habcdefgh",
        "Basic c2Vzc2lvbg==",
    ],
)
def test_secrets_go_by_their_look_inside_of_texts(lines: Lines, text: str) -> None:
    logging.getLogger("elsewhere").warning("it said %s", text)
    structlog.get_logger("pairly").info("told", text=text, inner=[{"deep": text}])
    assert len(lines()) == 2
    assert_no_secret(lines())
    assert REDACTED in orjson.dumps(lines()).decode()


@pytest.mark.parametrize("part", ["x", "token", "eyJ-", "a@b", "sk_", "Aa1-"])
def test_a_long_text_takes_no_longer_than_its_length(lines: Lines, part: str) -> None:
    """A stranger's address of 64 kB once held a server up for minutes."""
    log = structlog.get_logger("pairly")

    def cost(characters: int) -> float:
        told = functools.partial(log.info, "told", path=(part * characters)[:characters])
        return min(timeit.repeat(told, timer=time.thread_time, number=1, repeat=3))

    assert cost(64_000) < 200 * cost(2_000)  # by the square it would be a thousand times as much


def test_what_is_no_secret_stays(lines: Lines) -> None:
    harmless = {
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "transfer": "call:0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1:minute:3",
        "sentence": "3 of 4 transfers sealed in 12.5 ms, code validation_error",
        "count": 3,
        "done": True,
        "nothing": None,
    }
    structlog.get_logger("pairly").info("told", **harmless)
    line = only(lines, "told")
    assert {key: line[key] for key in harmless} == harmless


def test_tracebacks_are_redacted_and_every_line_has_its_frame(lines: Lines) -> None:
    try:
        raise ValueError(f"no user ava@pairly.test with token={TOKEN}")
    except ValueError:
        logging.getLogger("elsewhere").exception("it broke")
    line = only(lines, "it broke")
    assert_no_secret(line)
    assert "ValueError" in line["exception"]
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line["level"] == "error"
    assert line["logger"] == "elsewhere"


def test_a_request_leaves_one_line_with_its_id_and_without_its_query(
    lines: Lines, settings: Any
) -> None:
    settings.ROOT_URLCONF = "pairly.core.tests.probes"
    client = APIClient(raise_request_exception=False)
    client.get("/api/raise/conflict?email=ava@pairly.test", HTTP_X_REQUEST_ID="trace-1")
    finished = only(lines, "request_finished")
    assert finished["request_id"] == "trace-1"
    assert (finished["method"], finished["path"]) == ("GET", "/api/raise/conflict")
    assert (finished["status"], finished["code"]) == (409, "conflict")
    assert finished["duration_ms"] >= 0
    inside = only(lines, "about_to_fail")
    assert inside["request_id"] == "trace-1"
    assert inside["email"] == REDACTED
    assert len(lines()) == 2

    client.get("/api/raise/defect", HTTP_X_REQUEST_ID="trace-2")
    failed = only(lines, "request_failed")
    assert (failed["level"], failed["request_id"], failed["status"]) == ("error", "trace-2", 500)
    assert "ZeroDivisionError" in failed["exception"]
    assert_no_secret(lines())


def test_probes_and_streams_add_no_line(lines: Lines) -> None:
    APIClient().get("/health/live")
    assert lines() == []
    file = APIClient().get("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css")
    assert len(b"".join(file)) > 1000
    assert [line["event"] for line in lines()] == ["request_finished"]


def test_at_a_terminal_the_same_is_written_for_people() -> None:
    configured = logging_settings(level="INFO", pretty=True)
    formatter = logging.config.DictConfigurator(configured).configure_formatter(
        configured["formatters"]["line"]
    )
    record = logging.LogRecord("pairly", logging.INFO, "", 1, "for %s", ("ava@pairly.test",), None)
    assert "ava@pairly.test" not in formatter.format(record)
    assert REDACTED in formatter.format(record)
