"""How times, people and states look in the tables of the staff site."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html

from pairly.accounts.staff_selectors import names_of

__all__ = ["Names", "actor_names", "chip", "moment", "person_link"]

OPERATOR = "command line"


class Names(dict[UUID | None, str]):
    """Who did it, by id: an e-mail address, the id of who has left, or the command line."""

    @classmethod
    def of(cls, user_ids: Sequence[UUID | None]) -> "Names":
        """In one query."""
        return cls({user_id: name for user_id, name in names_of(user_ids).items()})

    def __missing__(self, user_id: UUID | None) -> str:
        return OPERATOR if user_id is None else str(user_id)


def actor_names(rows: Iterable[Any]) -> Mapping[UUID | None, str]:
    return Names.of([row.actor_id for row in rows])


def moment(at: datetime | None) -> str:
    """``2026-01-31 12:00:05`` in UTC, as everything on the staff site; a dash for none."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if at else "–"


def chip(text: str, variant: str) -> str:
    """A coloured word. Variants: success, danger, warning, info; empty for grey."""
    context = {"text": text, "variant": variant, "size": "md"}
    return render_to_string("unfold/helpers/label.html", context)


def person_link(user_id: UUID, text: str) -> str:
    address = reverse("admin:accounts_user_change", args=[user_id])
    return format_html('<a class="staff-link" href="{}">{}</a>', address, text)
