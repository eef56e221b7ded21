"""A process that dies between any two of its steps: a write, a commit's hooks, an answer of a
provider. What is in memory goes with it; what was committed stays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import connections

from pairly.core import db
from payments.gateways.mock import MockProvider
from payments.tests.crashes import DOORS, Killed

__all__ = ["Killer"]


class Killer:
    """Counts the steps of the process and kills it at one of them."""

    def __init__(self) -> None:
        self._left: int | None = None
        self.kills = 0

    def dies_at(self, step: int | None, do: Callable[[], Any]) -> bool:
        """Do it; whether the process died at that step of it. None lets it live."""
        self._left = step
        try:
            do()
        except Killed:
            self.kills += 1
            connections.close_all()
            return True
        finally:
            self._left = None
        return False

    def step(self) -> None:
        if self._left is None:
            return
        if self._left == 0:
            self._left = None
            raise Killed
        self._left -= 1

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Make every write, hook and answer of this process a step."""
        around: list[tuple[Any, str]] = [
            *DOORS,
            (db, "_run_hook"),
            *((MockProvider, name) for name in ("create", "cancel", "fetch")),
            *((MockProvider, name) for name in ("refund", "fetch_refund")),
        ]
        patches = [patch.object(owner, name, self._counted(owner, name)) for owner, name in around]
        for one in patches:
            one.start()
        try:
            yield
        finally:
            for one in patches:
                one.stop()

    def _counted(self, owner: Any, name: str) -> Callable[..., Any]:
        original = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            self.step()
            answer = original(*arguments, **options)
            self.step()
            return answer

        return counted
