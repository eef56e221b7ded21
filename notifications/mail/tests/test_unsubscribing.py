"""One click, without a sign-in: by POST alone, and by who has the mail alone."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from notifications.kinds import DIGEST, DIGESTED
from notifications.mail.unsubscribe import token_of
from notifications.models import Preferences
from pairly.accounts.tests.callers import PASSWORD

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


@pytest.mark.mongodb
def test_a_mail_of_several_says_no_to_such_mails(join: Any) -> None:
    """To all that they tell of: else the next one would come all the same."""
    ava = join("Ava")
    address = f"/api/v1/notifications/unsubscribe/{token_of(UUID(ava.id), DIGEST)}"
    page = APIClient().get(address, headers={"accept": "text/html"}).content.decode()
    assert "No more mails about messages, missed calls, news and offers?" in page
    for _ in range(2):
        assert APIClient().post(address).json() == {"category": DIGEST, "done": True}
    chosen = ava.api.get("notifications/preferences").json()["categories"]
    refused = {name for name, channels in chosen.items() if channels.get("email") is False}
    assert refused == set(DIGESTED) == {"messages", "calls", "news", "offers"}
    assert all(chosen[name]["push"] and chosen[name]["in_app"] for name in DIGESTED)


def test_the_page_speaks_the_language_of_the_person(join: Any) -> None:
    ava = join("Ava")
    ava.api.put("notifications/preferences", language="hi")
    for category in (*DIGESTED, DIGEST):
        address = f"/api/v1/notifications/unsubscribe/{token_of(UUID(ava.id), category)}"
        html = {"accept": "text/html"}
        for page, sentence in (
            (APIClient().get(address, headers=html), "के बारे में और मेल नहीं चाहिए?"),
            (APIClient().post(address, headers=html), "के बारे में मेल नहीं आएँगे।"),
        ):
            text = page.content.decode()
            assert '<html lang="hi">' in text and sentence in text
            assert category not in text and "nsubscribe" not in text


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


def test_an_old_mail_of_who_has_left_brings_nothing_back(join: Any) -> None:
    ava = join("Ava")
    address = f"/api/v1/notifications/unsubscribe/{token_of(UUID(ava.id), CATEGORY)}"
    assert ava.api.delete("me", password=PASSWORD).status_code == 204
    assert APIClient().post(address).status_code == 200
    assert not Preferences.objects.exists()


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
