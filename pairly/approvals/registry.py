"""Which kinds of things a second person decides. Apps register theirs when they start."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pairly.accounts import roles
from pairly.approvals.models import Approval

__all__ = ["Kind", "find_kind", "kinds", "register", "title_of"]

Consequence = Callable[[Approval, datetime], None]
"""What follows, called with the approval and the time, in the transaction that ends it. Calls to
the outside start from ``on_commit`` or the outbox. What it raises leaves the approval waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``permission`` is what who decides must hold, ``title`` what the page calls it.

    ``execute`` does what was approved; ``on_reject`` undoes what was prepared (a hold, say) when
    nothing comes of it: rejected, withdrawn or expired.
    """

    name: str
    permission: str
    title: str
    execute: Consequence
    on_reject: Consequence | None


_kinds: dict[str, Kind] = {}


def register(
    *,
    kind: str,
    permission: str,
    title: str,
    execute: Consequence,
    on_reject: Consequence | None = None,
) -> None:
    """Let ``services.request`` take this kind. Call it from the app's ``ready``."""
    if permission not in roles.PERMISSIONS:
        raise ValueError(f"there is no permission {permission!r}")
    _kinds[kind] = Kind(
        name=kind, permission=permission, title=title, execute=execute, on_reject=on_reject
    )


def find_kind(name: str) -> Kind | None:
    """None for a kind of an older or newer version, which nobody can decide then."""
    return _kinds.get(name)


def kinds() -> list[Kind]:
    return list(_kinds.values())


def title_of(name: str) -> str:
    kind = find_kind(name)
    return kind.title if kind else name
