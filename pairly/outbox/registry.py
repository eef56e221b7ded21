"""Who wants to hear of which events."""

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Handler", "Registry", "dotted_path", "registry"]

Handler = Callable[[Sequence[Any]], None]


def dotted_path(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


class Registry:
    """Event types and their handlers, filled while the apps get ready."""

    def __init__(self) -> None:
        self._types: dict[str, type[Any]] = {}
        self._inside: dict[type[Any], list[Handler]] = {}
        self._durable: dict[type[Any], dict[str, Handler]] = {}

    def add(self, event_type: type[Any], handler: Handler, *, inside: bool) -> None:
        if "<locals>" in dotted_path(handler) or "<lambda>" in dotted_path(handler):
            raise TypeError("a handler must be a function of a module: rows name it")
        self._types[dotted_path(event_type)] = event_type
        if not inside:
            self._durable.setdefault(event_type, {})[dotted_path(handler)] = handler
        elif handler not in self._inside.setdefault(event_type, []):
            self._inside[event_type].append(handler)

    def inside(self, event_type: type[Any]) -> Sequence[Handler]:
        return self._inside.get(event_type, ())

    def durable(self, event_type: type[Any]) -> Sequence[str]:
        return tuple(self._durable.get(event_type, ()))

    def find(self, kind: str, handler: str) -> tuple[type[Any], Handler]:
        """Raises ``LookupError`` for names that this version of the code does not know."""
        event_type = self._types[kind]
        return event_type, self._durable[event_type][handler]


registry = Registry()
