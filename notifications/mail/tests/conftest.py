"""People who can be written to. What needs settings is imported inside: this is loaded before."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from pairly.accounts.tests.conftest import guest, join, mailed

if TYPE_CHECKING:
    from notifications.channels import Outgoing, Result
    from notifications.mail.tests.post_office import PostOffice

__all__ = ["guest", "join", "mailed"]


MOCK_MAIL = "pairly.accounts.mail_backend.EmailBackend"


@pytest.fixture(autouse=True)
def mock_mail(settings: Any) -> None:
    """Django's test set-up puts its own mail backend in place; here mock mode's is wanted."""
    settings.EMAIL_BACKEND = MOCK_MAIL


@pytest.fixture
def verified(join: Any, mailed: Callable[[str], str], settings: Any) -> Callable[..., Any]:
    """Somebody whose address is verified, by a code that mock mode keeps."""

    def make(name: str) -> Any:
        person, backend = join(name), settings.EMAIL_BACKEND
        settings.EMAIL_BACKEND = MOCK_MAIL
        person.api.post("auth/verify-email", code=mailed(person.email))
        settings.EMAIL_BACKEND = backend
        return person

    return make


@pytest.fixture
def post_office(settings: Any, verified: Any) -> "Iterator[PostOffice]":
    from notifications.mail.tests.post_office import PostOffice

    office = PostOffice()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
    settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = False, 30
    yield office
    office.stop()


@pytest.fixture
def outgoing() -> "Callable[..., Outgoing]":
    from notifications.channels import Outgoing

    def make(user_id: str, **words: Any) -> Outgoing:
        values: dict[str, Any] = {
            "delivery_id": uuid4(),
            "user_id": UUID(user_id),
            "kind": "message.received",
            "notification_class": "social",
            "title": "Ben wrote to you",
            "body": "नमस्ते, are you there?\n",
            "html": "<html><body><p>नमस्ते, are you there?</p></body></html>",
            "data": {},
            "collapse_key": "",
            "expires_at": None,
            "badge": None,
            "unsubscribe_category": "messages",
        }
        return Outgoing(**(values | words))

    return make


@pytest.fixture
def send(outgoing: Any) -> "Callable[..., Result]":
    from notifications.mail.sender import MailSender

    def send_one(user_id: str, **words: Any) -> "Result":
        [result] = MailSender().send([outgoing(user_id, **words)])
        return result

    return send_one
