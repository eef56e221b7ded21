"""Choosing how to be told."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from notifications.preferences.services import refuse
from pairly.accounts.tests.callers import Caller, Person, codes_of
from pairly.core.errors import ValidationFailed

pytestmark = pytest.mark.mongodb

ADDRESS = "notifications/preferences"


def test_what_is_read_may_be_put_back(join: Callable[..., Person], guest: Caller) -> None:
    ava, ben = join("Ava"), join("Ben")
    found = ava.api.get(ADDRESS).json()
    assert (found["language"], found["marketing"], found["quiet_hours"]) == ("en", False, None)
    assert found["categories"]["messages"] == {"in_app": True, "email": True, "push": True}
    assert found["categories"]["calls"].keys() == {"in_app", "email", "push"}
    changed: dict[str, Any] = {
        **found,
        "language": "hi",
        "quiet_hours": {"start": "22:00", "end": "07:30"},
        "marketing": True,
    }
    changed["categories"]["messages"]["push"] = False
    assert ava.api.put(ADDRESS, **changed).json() == changed
    assert ava.api.get(ADDRESS).json() == changed
    # A part leaves the rest.
    assert ava.api.put(ADDRESS, quiet_hours=None).json() == {**changed, "quiet_hours": None}
    assert ben.api.get(ADDRESS).json()["language"] == "en"
    assert ava.api.get("me/export").json()["notification_preferences"]["language"] == "hi"
    assert guest.get(ADDRESS).status_code == guest.put(ADDRESS).status_code == 401


@pytest.mark.parametrize(
    ("wish", "refused"),
    [
        ({"language": "fr"}, ("language", "invalid_choice")),
        ({"quiet_hours": {"start": "24:00", "end": "07:00"}}, ("quiet_hours.start", "invalid")),
        ({"quiet_hours": {"start": "+9:00", "end": "09:00"}}, ("quiet_hours.start", "invalid")),
        ({"quiet_hours": {"start": "7:00"}}, ("quiet_hours.end", "required")),
        ({"quiet_hours": {"start": "07:00", "end": "07:00"}}, ("quiet_hours.end", "invalid")),
        (
            {"categories": {"security": {"email": False}}},
            ("categories.security.email", "cannot_be_refused"),
        ),
        (
            {"categories": {"credits": {"email": True}}},
            ("categories.credits.email", "unknown_field"),
        ),
        ({"categories": {"parties": {}}}, ("categories.parties", "unknown_field")),
        ({"loud": True}, ("loud", "unknown_field")),
    ],
)
def test_what_cannot_be_chosen(
    join: Callable[..., Person], wish: dict[str, Any], refused: tuple[str, str]
) -> None:
    ava = join("Ava")
    answer = ava.api.put(ADDRESS, **wish)
    assert answer.status_code == 400
    assert refused in codes_of(answer)
    assert ava.api.get(ADDRESS).json()["language"] == "en"


def test_two_at_once_lose_nothing(join: Callable[..., Person]) -> None:
    ava = join("Ava")
    wishes = [("messages", "push"), ("messages", "email"), ("calls", "push"), ("offers", "email")]
    start = threading.Barrier(len(wishes))

    def choose(category: str, channel: str) -> None:
        try:
            start.wait()
            for _ in range(2):
                refuse(user_id=UUID(ava.id), category=category, channel=channel)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=choose, args=wish) for wish in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = ava.api.get(ADDRESS).json()["categories"]
    assert all(found[category][channel] is False for category, channel in wishes)
    with pytest.raises(ValidationFailed):
        refuse(user_id=UUID(ava.id), category="security", channel="email")
