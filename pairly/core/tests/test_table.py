"""The bulk door gives and takes what the model would, on both databases."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from messaging.models import Conversation, pair_key
from pairly.accounts.models import User
from pairly.core import clock
from pairly.core.db import StaleRead, atomic, run_atomic
from pairly.core.ids import new_id
from pairly.core.table import Table
from pairly.realtime.models import Event

pytestmark = pytest.mark.mongodb

EVENTS = Table(Event, "id", "type", "data", "created_at")


def test_rows_come_back_as_they_went_in() -> None:
    now = clock.now()
    rows = [(f"key {n}", "test", '{"ü": "\u2028"}', now + timedelta(hours=n)) for n in range(5)]
    with atomic():
        EVENTS.insert(rows)
    assert sorted(EVENTS.select("id", [row[0] for row in rows[:3]])) == rows[:3]
    assert EVENTS.select("id", []) == [] and EVENTS.select("id", ["nobody"]) == []
    # The ORM reads the same.
    assert Event.objects.get(pk="key 1").created_at == rows[1][3]


def test_keys_and_nulls_are_what_the_model_says() -> None:
    now, people = clock.now(), sorted((new_id(), new_id()), key=lambda u: u.hex)
    users = Table(User, "id", "email", "suspended_at", "deleted_at")
    for number, user_id in enumerate(people):
        User.objects.create(
            id=user_id,
            email=f"{number}@example.test",
            display_name="Ava",
            birth_date="1990-01-01",
            created_at=now,
            last_active_at=now,
            terms_accepted_at=now,
        )
    assert sorted(users.select("id", people)) == sorted(
        (user_id, f"{n}@example.test", None, None) for n, user_id in enumerate(people)
    )
    table = Table(Conversation, "id", "first_id", "second_id", "blocked", "first_last_message_id")
    made = Conversation.objects.create(
        pair_key=pair_key(*people),
        first_id=people[0],
        second_id=people[1],
        blocked=True,
        first_updated_at=now,
        second_updated_at=now,
    )
    assert table.select("first_id", people) == [(made.id, people[0], people[1], True, None)]


def test_instances_are_those_of_the_orm() -> None:
    now, users = clock.now(), Table(User)
    for number in range(2):
        User.objects.create(
            email=f"{number}@example.test",
            display_name="Ünal",
            birth_date=date(1990, 2, 28),
            suspended_at=now if number else None,
            is_staff=bool(number),
            created_at=now,
            last_active_at=now,
            terms_accepted_at=now,
        )
    expected = list(User.objects.order_by("email"))
    found = users.instances("id", [user.pk for user in expected])
    for one, same in zip(sorted(found, key=lambda user: user.email), expected, strict=True):
        fields = [field.attname for field in User._meta.concrete_fields]
        assert [getattr(one, name) for name in fields] == [getattr(same, name) for name in fields]
        assert not one.get_deferred_fields() and not one._state.adding
        assert type(one.is_staff) is bool and type(one.birth_date) is date
    assert users.instances("id", [new_id()]) == []


def test_a_broken_unique_key_undoes_the_batch() -> None:
    now = clock.now()
    with atomic():
        EVENTS.insert([("a", "test", "{}", now)])
    with pytest.raises(IntegrityError), atomic():
        EVENTS.insert([("b", "test", "{}", now), ("a", "test", "{}", now)])
    assert [row[0] for row in EVENTS.select("id", ["a", "b"])] == ["a"]


def test_compare_and_set_changes_all_rows_or_none() -> None:
    now = clock.now()
    with atomic():
        EVENTS.insert([(key, "old", "{}", now) for key in "abc"])
    change = [("a", "old", "new"), ("b", "old", "new")]
    with atomic():
        EVENTS.compare_and_set("id", expected=("type",), new=("type",), rows=change)
    assert sorted(row[:2] for row in EVENTS.select("id", "abc")) == [
        ("a", "new"),
        ("b", "new"),
        ("c", "old"),
    ]
    with pytest.raises(StaleRead), atomic():
        EVENTS.compare_and_set(
            "id", expected=("type",), new=("type",), rows=[("c", "old", "x"), ("a", "old", "x")]
        )
    assert EVENTS.select("id", ["c"])[0][1] == "old"


def test_a_range_is_open_below_and_closed_above() -> None:
    now = clock.now()
    with atomic():
        EVENTS.insert([(key, "test", "{}", now) for key in "abcdef"])

    def keys(**bounds: object) -> str:
        return "".join(row[0] for row in EVENTS.range("id", **bounds))  # type: ignore[arg-type]

    assert keys(after="b", up_to="e", limit=10) == "cde"
    assert keys(after="b", up_to="e", limit=2) == "cd"
    assert keys(up_to="e", limit=2, descending=True) == "ed"
    assert keys(limit=10) == "abcdef"


def test_any_number_of_values_can_be_looked_up() -> None:
    """More than one statement of SQLite may carry."""
    now = clock.now()
    EVENTS.insert([(f"{number}", "test", "{}", now) for number in (0, 299_999)])
    found = EVENTS.select("id", [f"{number}" for number in range(300_000)])
    assert sorted(row[0] for row in found) == ["0", "299999"]


def test_delete_tells_how_many() -> None:
    with atomic():
        EVENTS.insert([(key, "test", "{}", clock.now()) for key in "abc"])
    assert run_atomic(lambda: EVENTS.delete("id", ["a", "b", "nobody"])) == 2
    assert [row[0] for row in EVENTS.range("id", limit=9)] == ["c"]


def test_an_insert_names_every_column() -> None:
    with pytest.raises(TypeError, match="created_at"), atomic():
        Table(Event, "id", "type", "data").insert([("a", "test", "{}")])
