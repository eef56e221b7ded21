"""What the hot reads cost: so many queries, however many rows."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pairly.accounts import selectors
from pairly.accounts.authentication import authenticate_socket
from pairly.accounts.models import User


def queries(capture: CaptureQueriesContext) -> int:
    return len(capture.captured_queries)


@pytest.mark.mongodb
def test_a_token_costs_one_query(join: Any) -> None:
    ava = join()
    with CaptureQueriesContext(connection) as capture:
        authenticate_socket(f"Bearer {ava.token}", None)
    assert queries(capture) == 1
    with CaptureQueriesContext(connection) as capture:
        ava.api.get("me")
    assert queries(capture) == 1


def test_a_page_of_the_directory_costs_two_queries(join: Any) -> None:
    ava = join("Ava")
    for number in range(5):
        join(f"Person{number}")
    with CaptureQueriesContext(connection) as capture:
        assert len(ava.api.get("users").json()["results"]) == 5
    assert queries(capture) == 3  # the token, the blocks, the page


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
