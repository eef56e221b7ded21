"""What the hot reads cost: so many queries, however many rows."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pairly.accounts import selectors
from pairly.accounts.authentication import authenticate_socket
from pairly.accounts.models import Device, User
from pairly.core.table import Table
from tests.explain import assert_uses_index


def queries(capture: CaptureQueriesContext) -> int:
    return len(capture.captured_queries)


@pytest.mark.mongodb
def test_a_token_costs_two_look_ups_by_key(join: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ava = join()
    looked_up: list[str] = []
    select = Table.select

    def watched(table: Table, column: str, values: Any) -> Any:
        looked_up.append(column)
        return select(table, column, values)

    monkeypatch.setattr(Table, "select", watched)
    with CaptureQueriesContext(connection) as capture:
        authenticate_socket(f"Bearer {ava.token}", None)
    assert looked_up == ["token_hash", "id"] and queries(capture) == 0
    with CaptureQueriesContext(connection) as capture:
        ava.api.get("me")
    assert looked_up == ["token_hash", "id"] * 2 and queries(capture) == 0
    for token_hash in Device.objects.values_list("token_hash", flat=True):
        assert_uses_index(Device.objects.filter(token_hash=token_hash))


def test_a_page_of_the_directory_costs_two_queries(join: Any) -> None:
    ava = join("Ava")
    for number in range(5):
        join(f"Person{number}")
    with CaptureQueriesContext(connection) as capture:
        assert len(ava.api.get("users").json()["results"]) == 5
    assert queries(capture) == 2  # the blocks, the page


@pytest.mark.mongodb
def test_hot_reads_use_their_indexes(join: Any) -> None:
    ava = join()
    viewer = User.objects.get(pk=ava.id)
    directory = selectors.directory_for(viewer, selectors.DirectoryFilter())
    by_country = selectors.directory_for(viewer, selectors.DirectoryFilter(country="IN"))
    for queryset, index in (
        (directory.order_by("-last_active_at", "-id")[:50], "user_directory"),
        (by_country.order_by("-last_active_at", "-id")[:50], "user_by_country"),
        (selectors.blocks_of(UUID(ava.id)).order_by("-id")[:50], "blocks_of_user"),
        (selectors.devices_of(UUID(ava.id), viewer.created_at), "device_of_user"),
    ):
        plan = queryset.explain()
        assert index in plan, plan
        assert "COLLSCAN" not in plan and "TEMP B-TREE" not in plan, plan
