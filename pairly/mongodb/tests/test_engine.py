"""The repairs of the engine, on a real replica set whose commands are made to fail."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import DatabaseError, IntegrityError, connection
from django.db.models import Max
from django.test.utils import CaptureQueriesContext

from pairly.core import clock
from pairly.core.db import atomic, on_commit, run_atomic
from pairly.mongodb.validators import set_validator
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb(only=True)

TRANSIENT = "TransientTransactionError"
UNKNOWN = "UnknownTransactionCommitResult"


@contextmanager
def failing(
    command: str, *labels: str, times: int | None = 1, **how: Any
) -> Iterator[dict[str, int]]:
    """Make mongod fail a command so many times (None: always); counts the blocks run inside."""
    admin = connection.connection.admin
    data = {"failCommands": [command], "errorLabels": list(labels), **(how or {"errorCode": 8})}
    mode: Any = "alwaysOn" if times is None else {"times": times}
    admin.command("configureFailPoint", "failCommand", mode=mode, data=data)
    try:
        yield {"blocks": 0}
    finally:
        admin.command("configureFailPoint", "failCommand", mode="off")


def add(name: str, count: dict[str, int]) -> None:
    count["blocks"] += 1
    Group.objects.create(name=name)


def names() -> list[str]:
    return sorted(Group.objects.values_list("name", flat=True))


def assert_transactions_work() -> None:
    """The connection is as good as new: a block that fails leaves nothing."""
    with pytest.raises(ValueError, match="undone"), atomic():
        Group.objects.create(name="undone")
        raise ValueError("undone")
    assert "undone" not in names()


def test_a_commit_that_surely_failed_runs_the_block_again() -> None:
    with failing("commitTransaction", TRANSIENT, errorCode=251) as count:
        run_atomic(lambda: add("once", count))
    assert (names(), count["blocks"]) == (["once"], 2)
    assert_transactions_work()


def test_a_commit_that_fails_for_good_raises_djangos_error_and_leaves_no_trace() -> None:
    hooks: list[str] = []

    def block() -> None:
        add("never", count)
        on_commit(lambda: hooks.append("ran"))

    with failing("commitTransaction", errorCode=8) as count:
        with pytest.raises(DatabaseError) as caught:
            run_atomic(block)
        assert caught.value.__cause__ is not None
    assert (names(), hooks, count["blocks"]) == ([], [], 1)
    assert_transactions_work()
    run_atomic(lambda: add("later", count))
    assert (names(), hooks) == (["later"], [])


@pytest.mark.parametrize(
    "how",
    [{"errorCode": 50}, {"writeConcernError": {"code": 64, "errmsg": "timed out"}}],
    ids=["unknown", "done but not confirmed"],
)
def test_a_commit_of_unknown_result_is_sent_again_and_the_block_is_not(
    how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pairly.mongodb.base.COMMIT_PAUSE_SECONDS", 0)
    with failing("commitTransaction", UNKNOWN, times=3, **how) as count:
        run_atomic(lambda: add("once", count))
    assert (names(), count["blocks"]) == (["once"], 1)


def test_a_lost_connection_in_the_commit_is_an_unknown_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pairly.mongodb.base.COMMIT_PAUSE_SECONDS", 0)
    with failing("commitTransaction", times=3, closeConnection=True) as count:
        run_atomic(lambda: add("once", count))
    assert (names(), count["blocks"]) == (["once"], 1)


def test_a_result_that_stays_unknown_is_an_error_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pairly.mongodb.base.COMMIT_PAUSE_SECONDS", 0)
    with failing("commitTransaction", UNKNOWN, times=None, errorCode=50) as count:
        with pytest.raises(DatabaseError):
            run_atomic(lambda: add("perhaps", count))
        assert count["blocks"] == 1
    assert_transactions_work()


def test_a_failing_abort_does_not_hide_why() -> None:
    with (
        failing("abortTransaction", errorCode=8, times=None),
        pytest.raises(ValueError, match="the reason"),
        atomic(),
    ):
        Group.objects.create(name="never")
        raise ValueError("the reason")
    assert names() == []
    assert_transactions_work()


def test_a_write_conflict_is_run_again() -> None:
    with failing("update", TRANSIENT, errorCode=112) as count:

        def block() -> None:
            add("fresh", count)
            Group.objects.filter(name="fresh").update(name="renamed")

        run_atomic(block)
    assert (names(), count["blocks"]) == (["renamed"], 2)


def test_a_validator_refuses_with_djangos_error() -> None:
    with connection.schema_editor() as editor:
        set_validator(editor, Group, {"name": {"$ne": "forbidden"}})
    try:
        with pytest.raises(DatabaseError):
            Group.objects.create(name="forbidden")
        group = Group.objects.create(name="fine")
        with pytest.raises(DatabaseError):
            Group.objects.filter(pk=group.pk).update(name="forbidden")
        with pytest.raises(IntegrityError):
            Group.objects.create(name="fine")
    finally:
        with connection.schema_editor() as editor:
            set_validator(editor, Group, {})
    assert names() == ["fine"]


@pytest.fixture
def many_rows() -> None:
    now = clock.now()
    Session.objects.bulk_create(
        Session(session_key=f"{n:032}", session_data="", expire_date=now + timedelta(seconds=n))
        for n in range(300)
    )
    kind = ContentType.objects.create(app_label="many", model="rows")
    Permission.objects.bulk_create(
        Permission(name="x", codename=f"x{n:03}", content_type=kind) for n in range(300)
    )


def keys(sessions: Iterable[Session]) -> list[int]:
    return [int(session.session_key) for session in sessions]


@pytest.mark.usefixtures("many_rows")
def test_queries_use_indexes_and_find_the_same() -> None:
    sessions = Session.objects.all()
    assert_uses_index(sessions.filter(session_key=f"{7:032}"), documents_max=1)
    newest = sessions.filter(expire_date__gt=clock.now()).order_by("-expire_date")[:10]
    assert_uses_index(newest)
    assert keys(newest) == list(range(299, 289, -1))

    plain = sessions.order_by("-expire_date").values_list("session_key", flat=True)[5:8]
    assert_uses_index(plain)
    assert [int(key) for key in plain] == [294, 293, 292]

    in_order = sessions.order_by("expire_date").values("session_key", "expire_date")[:2]
    assert_uses_index(in_order)
    assert [int(row["session_key"]) for row in in_order] == [0, 1]


@pytest.mark.usefixtures("many_rows")
def test_joins_come_after_the_slice() -> None:
    page = Permission.objects.order_by("-pk").select_related("content_type")[:10]
    assert_uses_index(page, documents_max=10)
    assert [permission.codename for permission in page] == [f"x{n}" for n in range(299, 289, -1)]
    assert {permission.content_type.model for permission in page} == {"rows"}

    by_join = Permission.objects.filter(content_type__model="rows").order_by("-pk")[:3]
    assert [permission.codename for permission in by_join] == ["x299", "x298", "x297"]
    assert Permission.objects.filter(content_type__app_label="many").aggregate(
        last=Max("codename")
    ) == {"last": "x299"}


@pytest.mark.usefixtures("many_rows")
def test_prefetching_asks_by_key() -> None:
    page = Permission.objects.order_by("-pk").prefetch_related("content_type")[:10]
    with CaptureQueriesContext(connection) as queries:
        assert {permission.content_type.model for permission in page} == {"rows"}
    assert len(queries) == 2
    assert "$expr" not in queries[1]["sql"]


def test_every_table_has_its_keys_and_no_integer_counts_them() -> None:
    kinds = {type(model._meta.pk).__name__ for model in apps.get_models()}
    assert not {kind for kind in kinds if kind in ("AutoField", "BigAutoField")}
