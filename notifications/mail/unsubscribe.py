"""One-click unsubscribing (RFC 8058): an address that needs no sign-in, since it is signed."""

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from pairly.core.errors import NotFound

__all__ = ["read_token", "token_of", "unsubscribe_headers", "unsubscribe_url"]

SALT = "pairly.notifications.unsubscribe"


def token_of(user_id: UUID, category: str) -> str:
    """Good for ever, as the mail that carries it."""
    return signing.dumps([user_id.hex, category], salt=SALT)


def read_token(token: str) -> tuple[UUID, str]:
    """The person and the category. Raises ``NotFound`` for one that we did not make."""
    try:
        user_id, category = signing.loads(token, salt=SALT)
        return UUID(user_id), str(category)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotFound from error


def unsubscribe_url(user_id: UUID, category: str) -> str:
    path = reverse("unsubscribe", args=[token_of(user_id, category)])
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def unsubscribe_headers(url: str) -> dict[str, str]:
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
