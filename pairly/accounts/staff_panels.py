"""Cards of the staff site's pages of one thing, drawn by ``staff/panels.html``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["PANELS_TEMPLATE", "Panel"]

PANELS_TEMPLATE = "staff/panels.html"
"""For ``change_form_after_template``; it draws the ``panels`` of the context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A card of the page: some facts, then a table or a sentence that it is empty."""

    title: str
    icon: str
    empty: str = ""
    facts: Sequence[tuple[str, Any]] = ()
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    more: str = ""
    more_text: str = ""
    wide: bool = field(default=False)
