"""Choosing how to be told."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from notifications.kinds import CATEGORIES, DIGEST, DIGESTED
from notifications.models import Preferences
from notifications.rendering import LANGUAGES
from pairly.accounts.models import User
from pairly.core import clock
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import FieldError, ValidationFailed

__all__ = ["change_preferences", "refuse"]


def change_preferences(
    *,
    user_id: UUID,
    language: str | None = None,
    marketing: bool | None = None,
    quiet_hours: tuple[str, str] | None = None,
    quiet_given: bool = False,
    categories: Mapping[str, Mapping[str, bool]] | None = None,
) -> Preferences:
    """Change what is given and leave the rest; ``quiet_given`` with no hours ends quiet hours.

    ``categories`` says of a category and a channel whether it is wanted. Raises
    ``ValidationFailed`` for what there is not, and ``cannot_be_refused`` for what is critical.
    """
    choices = _checked_choices(categories or {})
    changes: dict[str, Any] = {}
    if language is not None:
        if language not in LANGUAGES:
            raise ValidationFailed.of("language", "invalid", f"One of: {', '.join(LANGUAGES)}.")
        changes["language"] = language
    if marketing is not None:
        changes["marketing"] = marketing
    if quiet_given:
        changes["quiet_start"], changes["quiet_end"] = quiet_hours or ("", "")
    return _change(user_id, changes, choices)


def refuse(*, user_id: UUID, category: str, channel: str) -> None:
    """Want a category no longer on one channel, or, for ``digest``, all that digests tell of: else
    the next one would come all the same. Again it does nothing, nor for who has left: an old mail
    brings nothing of theirs back. Raises as above."""
    names = DIGESTED if category == DIGEST else (category,)
    choices = _checked_choices({name: {channel: False} for name in names})
    if User.objects.filter(pk=user_id, deleted_at=None).exists():
        _change(user_id, {}, choices)


def _checked_choices(categories: Mapping[str, Mapping[str, bool]]) -> dict[str, bool]:
    errors = []
    choices: dict[str, bool] = {}
    for name, channels in categories.items():
        category = CATEGORIES.get(name)
        for channel, wanted in channels.items():
            field = f"categories.{name}.{channel}"
            if category is None or channel not in category.channels:
                errors.append(FieldError(field, "invalid", "There is no such thing to choose."))
            elif not wanted and not category.may_be_refused:
                errors.append(FieldError(field, "cannot_be_refused", "This is always told."))
            elif category.may_be_refused:
                choices[f"{name}:{channel}"] = wanted
    if errors:
        raise ValidationFailed("Some of it cannot be chosen.", errors=errors)
    return choices


def _change(user_id: UUID, changes: dict[str, Any], choices: dict[str, bool]) -> Preferences:
    now = clock.now()
    if not Preferences.objects.filter(pk=user_id).exists():
        with suppress(IntegrityError):  # Another request opened it in between.
            row = Preferences(user_id=user_id, updated_at=now)
            run_atomic(lambda: row.save(force_insert=True))

    def change() -> Preferences:
        preferences = Preferences.objects.get(pk=user_id)
        values = {
            **changes,
            "choices": preferences.choices | choices,
            "version": preferences.version + 1,
            "updated_at": now,
        }
        seen = Preferences.objects.filter(pk=user_id, version=preferences.version)
        if not change_one(seen, **values):
            raise StaleRead("preferences changed meanwhile")
        for name, value in values.items():
            setattr(preferences, name, value)
        return preferences

    return run_atomic(change)
