"""The process dies before one of its writes, whichever door that takes to the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.db.models import Model, QuerySet

from pairly.core.table import Table

__all__ = ["Killed", "killed_before_write", "survives"]

DOORS: tuple[tuple[type, str], ...] = (
    (Table, "insert"),
    (Table, "compare_and_set"),
    (Table, "delete"),
    (QuerySet, "update"),
    (Model, "save"),
)


class Killed(BaseException):
    """Nobody catches it, as nobody catches a power cut."""


@contextmanager
def killed_before_write(number: int) -> Iterator[None]:
    """The writes are counted from 1."""
    written = 0

    def guarded(write: Callable[..., Any]) -> Callable[..., Any]:
        def guard(*arguments: Any, **values: Any) -> Any:
            nonlocal written
            written += 1
            if written == number:
                raise Killed
            return write(*arguments, **values)

        return guard

    patches = [mock.patch.object(kind, name, guarded(getattr(kind, name))) for kind, name in DOORS]
    try:
        for patch in patches:
            patch.start()
        yield
    finally:
        for patch in patches:
            patch.stop()


def survives(do: Callable[[], Any], *, check: Callable[[], Any]) -> int:
    """Do it again and again, killed one write later each time, until it comes to its end; how
    often it was killed. ``check`` must hold after each death."""
    deaths = 0
    while True:
        try:
            with killed_before_write(deaths + 1):
                do()
        except Killed:
            deaths += 1
            check()
        else:
            return deaths
