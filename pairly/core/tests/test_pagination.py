"""Pages of lists: each row once, whatever happens between two pages."""

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from rest_framework.test import APIClient

from pairly.core import clock
from pairly.core.ids import new_id
from pairly.outbox.models import OutboxEvent

pytestmark = pytest.mark.mongodb


@pytest.fixture
def client(settings: Any) -> APIClient:
    settings.ROOT_URLCONF = "pairly.core.tests.probes"
    return APIClient()


def make_rows(count: int, *, per_moment: int = 1) -> list[str]:
    """Rows of which ``per_moment`` share a time; their ids, newest first."""
    start = clock.now() - timedelta(hours=1)
    rows = [
        OutboxEvent(
            id=new_id(),
            kind="told",
            handler="nobody",
            payload="[]",
            due_at=start,
            created_at=start + timedelta(milliseconds=number // per_moment),
        )
        for number in range(count)
    ]
    OutboxEvent.objects.bulk_create(rows)
    return [str(row.id) for row in sorted(rows, key=lambda r: (r.created_at, r.id), reverse=True)]


def walk(client: APIClient, address: str) -> list[list[str]]:
    pages = []
    while address:
        body = client.get(address).json()
        pages.append(body["results"])
        address = body["next"]
    return pages


def test_each_row_comes_once_and_in_order_even_when_times_are_equal(client: APIClient) -> None:
    expected = make_rows(23, per_moment=9)
    pages = walk(client, "/api/rows?limit=5")
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert [one for page in pages for one in page] == expected


def test_a_page_holds_fifty_and_at_most_a_hundred(client: APIClient) -> None:
    make_rows(120)
    assert [len(page) for page in walk(client, "/api/rows")] == [50, 50, 20]
    assert [len(page) for page in walk(client, "/api/rows?limit=100")] == [100, 20]
    assert [len(page) for page in walk(client, "/api/rows?limit=60")] == [60, 60]


def test_rows_that_come_and_go_between_pages_hide_and_repeat_none(client: APIClient) -> None:
    expected = make_rows(10)
    first = client.get("/api/rows?limit=4").json()
    make_rows(3)
    OutboxEvent.objects.filter(pk=first["results"][-1]).delete()
    rest = [one for page in walk(client, first["next"]) for one in page]
    older = [one for one in rest if one in expected]
    assert older == expected[4:]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e2", "", "ten", "٣", "9" * 400, "%00"])
def test_a_bad_limit_is_refused(client: APIClient, limit: str) -> None:
    answer = client.get(f"/api/rows?limit={limit}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "limit"


def test_a_cursor_is_opaque_and_cannot_be_made_up(client: APIClient) -> None:
    make_rows(3)
    cursor = client.get("/api/rows?limit=1").json()["next"].partition("cursor=")[2].split("&")[0]
    assert client.get(f"/api/rows?cursor={cursor}").status_code == 200
    for bad in (cursor[:-1], "x" + cursor, "", "abc", "%00", "a:b", "x" * 3000, "W10:x"):
        answer = client.get(f"/api/rows?cursor={bad}")
        assert answer.status_code == 400
        assert answer.json()["code"] == "validation_error"
        assert answer.json()["errors"][0]["field"] == "cursor"


def test_a_cursor_tells_nothing_of_the_row_it_stands_for(client: APIClient) -> None:
    """The directory is ordered by when people were last active, which many keep to themselves."""
    when = datetime(2031, 7, 8, 9, 10, 11, tzinfo=UTC)
    make_rows(3)
    OutboxEvent.objects.update(created_at=when, due_at=when)
    cursor = client.get("/api/rows?limit=1").json()["next"].partition("cursor=")[2].split("&")[0]
    for part in re.split(r"[^\w-]+", unquote(cursor)):
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        assert b"2031-07-08" not in decoded
    again = client.get("/api/rows?limit=1").json()["next"]
    assert cursor not in again  # nor whether two stand for the same


def test_the_next_address_keeps_the_other_parameters(client: APIClient) -> None:
    make_rows(3)
    address = client.get("/api/rows?limit=1&colour=blue").json()["next"]
    assert address.startswith("http://testserver/api/rows?")
    assert "limit=1" in address
    assert "colour=blue" in address
