"""From a kind and its context to words, in the person's language.

A text is one file: a title, a line of dashes, the body, and after another such line what only mail
says in addition. It is plain text; the mail's HTML is made of it by one layout, which escapes. A
version names the very words that were sent.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.utils.text import Truncator

from notifications.broadcasts.models import TITLE_LENGTH_MAX

__all__ = ["LANGUAGES", "LANGUAGE_DEFAULT", "Rendered", "render", "version_of"]

LANGUAGES: Final = {"en": "English", "hi": "हिन्दी"}
LANGUAGE_DEFAULT: Final = "en"

RULE = "\n---\n"
CONTEXT_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Rendered:
    """``body`` is what a push and the list say; ``paragraphs`` are the mail's."""

    title: str
    body: str
    paragraphs: tuple[str, ...]
    link: str
    language: str
    version: str

    @property
    def text(self) -> str:
        """The mail as plain text."""
        return render_to_string("notifications/mail.txt", self._mail)

    @property
    def html(self) -> str:
        return render_to_string("notifications/mail.html", self._mail)

    @property
    def _mail(self) -> dict[str, Any]:
        names = ("title", "paragraphs", "link", "language")
        return {name: getattr(self, name) for name in names}


def render(kind: str, language: str, context: Mapping[str, Any], *, link: str = "") -> Rendered:
    """``link`` is where the mail's button leads."""
    found = _named(kind, language)
    safe = {name: _one_line(value) for name, value in context.items()}
    template: Any = get_template(found).template  # type: ignore[attr-defined]
    parts = template.render(Context(safe, autoescape=False)).strip().split(RULE)
    title, body = Truncator(_one_line(parts[0])).chars(TITLE_LENGTH_MAX), parts[1].strip()
    paragraphs = [_lines(one) for part in parts[1:] for one in part.strip().split("\n\n")]
    return Rendered(
        title=title,
        body=_lines(body),
        paragraphs=tuple(one for one in paragraphs if one),
        link=link or settings.PUBLIC_URL,
        language=found.split("/")[1],
        version=version_of(kind, language),
    )


def version_of(kind: str, language: str) -> str:
    """The language and a fingerprint of the words: ``en-3f2a91bc``."""
    name = _named(kind, language)
    return f"{name.split('/')[1]}-{_fingerprint(name)}"


def _named(kind: str, language: str) -> str:
    return f"notifications/{language if language in LANGUAGES else LANGUAGE_DEFAULT}/{kind}.txt"


@cache
def _fingerprint(name: str) -> str:
    path = Path(get_template(name).origin.name)  # type: ignore[attr-defined]
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def _one_line(value: Any) -> Any:
    """What people write of themselves may not break out of its place: no line of its own, no
    header of a mail."""
    if isinstance(value, str):
        return Truncator(" ".join(value.split())).chars(CONTEXT_CHARACTERS_MAX)
    if isinstance(value, list):
        return [_one_line(one) for one in value]
    return value


def _lines(text: str) -> str:
    """Without the empty ends that conditions leave."""
    return "\n".join(line for raw in text.splitlines() if (line := " ".join(raw.split())))
