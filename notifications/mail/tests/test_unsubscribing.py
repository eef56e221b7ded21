"""One click, without a sign-in: by POST alone, and by who has the mail alone."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from notifications.mail.unsubscribe import token_of

CATEGORY = "messages"


@pytest.mark.mongodb
def test_one_click_refuses_the_category_and_looking_does_not(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    address = f"/api/v1/notifications/unsubscribe/{token_of(UUID(ava.id), CATEGORY)}"
    stranger = APIClient(enforce_csrf_checks=True)

    looked = stranger.get(address)
    assert (looked.status_code, looked.json()) == (200, {"category": CATEGORY, "done": False})
    assert stranger.head(address).status_code == 200
    page = stranger.get(address, headers={"accept": "text/html"})
    assert page["Content-Type"].startswith("text/html")
    assert b'<form method="post">' in page.content
    assert chosen(ava) is True

    # As mail providers call it: a form, no cookie, no sign-in, no redirect.
    clicked = stranger.post(
        address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )
    assert (clicked.status_code, clicked.json()) == (200, {"category": CATEGORY, "done": True})
    assert chosen(ava) is False
    assert chosen(ben) is True
    assert stranger.post(address).status_code == 200
    page = stranger.post(address, headers={"accept": "text/html"})
    assert b"You are unsubscribed" in page.content
    assert chosen(ava) is False


def test_a_forged_token_is_refused(join: Any) -> None:
    ava = join("Ava")
    token = token_of(UUID(ava.id), CATEGORY)
    payload, _colon, signature = token.partition(":")
    other = token_of(uuid4(), CATEGORY).partition(":")[0]
    for forged in ("x", f"{payload}:x:{signature}", f"{other}:{signature}", token[:-1], "a:b:c"):
        for method in ("get", "post"):
            answer = getattr(APIClient(), method)(f"/api/v1/notifications/unsubscribe/{forged}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            page = getattr(APIClient(), method)(
                f"/api/v1/notifications/unsubscribe/{forged}", headers={"accept": "text/html"}
            )
            assert page.status_code == 404
    assert chosen(ava) is True


def test_what_cannot_be_refused_is_not(join: Any) -> None:
    ava = join("Ava")
    address = f"/api/v1/notifications/unsubscribe/{token_of(UUID(ava.id), 'security')}"
    assert APIClient().post(address).status_code == 400


def chosen(person: Any) -> bool:
    """What the person's own preferences say of mails about messages."""
    wanted: bool = person.api.get("notifications/preferences").json()["categories"][CATEGORY][
        "email"
    ]
    return wanted
