"""Mails, written when their event arrives (done twice, a newer secret replaces the older), and the
files of who has left."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from pairly.accounts.events import MailRequested, UserDeleted
from pairly.accounts.models import MailedSecret, User
from pairly.accounts.services.email_codes import make_email_code
from pairly.accounts.services.passwords import make_reset_token
from pairly.accounts.services.photos import remove_photos

__all__ = ["remove_photos_of_the_deleted", "send_mails"]


def _verification(user_id: UUID) -> dict[str, Any]:
    return {
        "code": make_email_code(user_id),
        "lifetime_minutes": settings.EMAIL_CODE_LIFETIME_MINUTES,
    }


def _reset(user_id: UUID) -> dict[str, Any]:
    return {
        "token": make_reset_token(user_id),
        "lifetime_minutes": settings.PASSWORD_RESET_LIFETIME_MINUTES,
    }


KINDS: Final[dict[str, tuple[str, Callable[[UUID], dict[str, Any]]]]] = {
    MailedSecret.Purpose.VERIFY_EMAIL.value: ("Your Pairly code", _verification),
    MailedSecret.Purpose.RESET_PASSWORD.value: ("Reset your Pairly password", _reset),
}


def send_mails(events: Sequence[MailRequested]) -> None:
    for event in events:
        if event.user_id is None:
            continue
        user = User.objects.filter(pk=event.user_id, deleted_at=None).first()
        if user is not None:
            _send(user, event.kind)


def remove_photos_of_the_deleted(events: Sequence[UserDeleted]) -> None:
    """By an event, so that no crash after the commit leaves a file behind."""
    for event in events:
        remove_photos(event.user_id)


def _send(user: User, kind: str) -> None:
    subject, make_context = KINDS[kind]
    context = {"display_name": user.display_name, **make_context(user.pk)}
    text = render_to_string(f"mail/accounts/{kind}.txt", context)
    EmailMessage(subject=subject, body=text, to=[user.email]).send()
