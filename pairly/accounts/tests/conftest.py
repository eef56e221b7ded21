"""Fixtures of accounts. What needs settings is imported inside: this is loaded before them."""

import itertools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from pairly.accounts.tests.callers import Caller, Person

MAILED = re.compile(r"^ {4}(\S+)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def mock_mail(settings: Any) -> None:
    """Django's test set-up puts its own mail backend in place; here mock mode's is wanted."""
    settings.EMAIL_BACKEND = "pairly.accounts.mail_backend.EmailBackend"


@pytest.fixture
def guest() -> "Caller":
    from pairly.accounts.tests.callers import Caller

    return Caller()


@pytest.fixture
def join(guest: "Caller") -> "Callable[..., Person]":
    """Register somebody: ``join()`` or ``join("Ava", country="IN")``."""
    from pairly.accounts.tests.callers import PASSWORD, Caller, Person

    numbers = itertools.count(1)

    def register(display_name: str = "Ava", **body: Any) -> Person:
        values = {
            "email": f"{display_name.lower()}-{next(numbers)}@example.org",
            "password": PASSWORD,
            "display_name": display_name,
            "birth_date": "1995-06-15",
        }
        response = guest.post("auth/register", **{**values, **body})
        assert response.status_code == 201, response.json()
        answer = response.json()
        user, token = answer["user"], answer["token"]
        return Person(email=user["email"], id=user["id"], token=token, api=Caller(token))

    return register


@pytest.fixture
def mailed() -> Callable[[str], str]:
    """The code or token of the newest mail to an address, after what waits is sent."""
    from pairly.accounts.models import Mail
    from pairly.outbox.dispatch import dispatch_all

    def newest(email: str) -> str:
        dispatch_all()
        mail = Mail.objects.filter(recipient=email).order_by("-id").first()
        assert mail is not None, f"no mail to {email}"
        found = MAILED.search(mail.text)
        assert found is not None, mail.text
        return found[1]

    return newest


@pytest.fixture
def closed_sockets(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, int, UUID | None]]:
    """What open sockets are told to close: (user, code, device), as the hub hears of it."""
    from pairly.realtime.connections import hub
    from pairly.realtime.news import Disconnect

    closed: list[tuple[UUID, int, UUID | None]] = []

    def publish(news: Any) -> None:
        closed.extend(
            (item.user_id, item.code, item.device_id)
            for item in news
            if isinstance(item, Disconnect)
        )

    monkeypatch.setattr(hub, "publish", publish)
    return closed
