"""JSON in and out of REST."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings, strategies
from rest_framework.test import APIClient

from pairly.core.wire import encode_json


@pytest.fixture
def client(settings: Any) -> APIClient:
    settings.ROOT_URLCONF = "pairly.core.tests.probes"
    return APIClient()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"3",
        b"null",
        b"\xff\xfe{}",
        b'\xef\xbb\xbf{"title": "x"}',
        b'{"title": NaN}',
        b'{"title": 1e400}',
        b'{"title": 99999999999999999999}',
        b'{"title": 18446744073709551615}',
        b'{"title": -1e19}',
        b'{"title": "\\ud800"}',
        b'{"title": "a\\u0000b"}',
        b'{"a\\u0000b": 1}',
        b'{"title": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"title": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"title": ' + b"9" * 6000 + b"}",
    ],
)
def test_what_is_no_json_object_of_ours_is_a_400(client: APIClient, body: bytes) -> None:
    answer = client.post("/api/orders", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "validation_error"


def test_times_of_all_centuries_have_four_digits_for_the_year() -> None:
    moment = datetime(508, 3, 23, 10, 15, 3, 900_999, tzinfo=UTC)
    assert encode_json(moment) == b'"0508-03-23T10:15:03.900Z"'


@settings(max_examples=100)
@given(strategies.binary(max_size=60))
def test_no_bytes_make_the_server_fail(body: bytes) -> None:
    answer = APIClient().post("/api/v1/auth/login", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "validation_error"


def test_good_json_arrives_and_times_leave_in_one_form(client: APIClient) -> None:
    order = {"title": "Süß\\u0000", "items": [{"at": "2026-01-31T12:00:00.1239+01:00"}]}
    answer = client.post("/api/orders", order)
    assert answer.status_code == 201
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["title"] == "Süß\\u0000"
    assert answer.json()["items"] == [{"at": "2026-01-31T11:00:00.123Z"}]


def test_every_value_has_one_form_or_is_refused() -> None:
    moment = datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))
    values = {
        "time": moment,
        "day": date(2026, 1, 31),
        "id": UUID("0199b1d5c2f67d0aa1d6a0f5b0f6f2f1"),
        "amount": Decimal("1.50"),
        UUID(int=1): datetime(2026, 1, 1, tzinfo=UTC),
    }
    assert orjson.loads(encode_json(values)) == {
        "time": "2026-01-31T12:00:00.000Z",
        "day": "2026-01-31",
        "id": "0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1",
        "amount": "1.50",
        "00000000-0000-0000-0000-000000000001": "2026-01-01T00:00:00.000Z",
    }
    with pytest.raises(TypeError):
        encode_json({"file": object()})
