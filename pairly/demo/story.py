"""What a step is, and how the steps of a story are played one after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from pairly.demo.clients import Closed, Person, Refused, Socket

__all__ = [
    "Chapter",
    "CheckFailed",
    "Outcome",
    "Played",
    "Step",
    "Story",
    "expect",
    "expect_refusal",
    "play",
    "title_of",
]


class CheckFailed(Exception):
    """The server answered otherwise than it should; the sentence says how."""


class EarlierStepFailed(Exception):
    """A step needs what an earlier one did not bring about."""


class Story:
    """Who and what the steps share. A step that reads what is not there yet is skipped."""

    ava: Person
    ava_tablet: Person
    ben: Person
    ben_tablet: Person
    cleo: Person
    ava_socket: Socket
    ava_tablet_socket: Socket
    ben_socket: Socket
    ben_tablet_socket: Socket
    conversation_id: str
    bonus: int
    first_message: dict[str, Any]
    first_wish: dict[str, Any]
    packages: dict[str, Any]
    intent: dict[str, Any]
    call: dict[str, Any]

    def __init__(self, url: str) -> None:
        self.url = url

    def __getattr__(self, name: str) -> Any:
        raise EarlierStepFailed(name)

    def close(self) -> None:
        for value in vars(self).values():
            if isinstance(value, Person):
                value.close()


Step = Callable[[Story], str]
"""Plays its part and returns what was seen, in a few words. Its docstring is its title."""

Chapter = tuple[str, Sequence[Step]]


class Outcome(Enum):
    PASSED = "✓"
    FAILED = "✗"
    SKIPPED = "–"


@dataclass(frozen=True, slots=True)
class Played:
    """How one step went. ``seen`` is what was seen, or what is wrong."""

    chapter: str
    title: str
    outcome: Outcome
    seen: str


def expect(seen: Any, wanted: Any, what: str) -> None:
    """Raises ``CheckFailed`` unless the two are equal."""
    if seen != wanted:
        raise CheckFailed(f"{what}: {wanted!r} was expected, {seen!r} came")


def expect_refusal(code: str, attempt: Callable[..., Any], *arguments: Any) -> Refused:
    """The refusal of an attempt. Raises ``CheckFailed`` unless it has the code and a trace id."""
    try:
        answer = attempt(*arguments)
    except Refused as refusal:
        expect(refusal.code, code, f"code of the refusal ({refusal})")
        if not refusal.trace_id:
            raise CheckFailed(f"the refusal {code} has no trace id") from refusal
        return refusal
    raise CheckFailed(f"{code} was expected, but this was done: {answer!r}")


def play(story: Story, chapters: Sequence[Chapter]) -> Iterator[Played]:
    """Play every step in order, whatever became of those before."""
    for chapter, steps in chapters:
        for step in steps:
            outcome, seen = _play_one(step, story)
            yield Played(chapter, title_of(step), outcome, seen)


def _play_one(step: Step, story: Story) -> tuple[Outcome, str]:
    try:
        return Outcome.PASSED, step(story)
    except EarlierStepFailed as missing:
        return Outcome.SKIPPED, f"an earlier step did not bring about {missing}"
    except (CheckFailed, Refused, Closed) as failure:
        return Outcome.FAILED, str(failure)
    except TimeoutError:
        return Outcome.FAILED, "no answer came in time"
    except (httpx.HTTPError, WebSocketException, OSError) as failure:
        return Outcome.FAILED, f"{type(failure).__name__}: {failure}"
    except (AssertionError, KeyError, TypeError, ValueError, IndexError) as failure:
        return Outcome.FAILED, f"an answer has another shape: {type(failure).__name__} {failure}"


def title_of(step: Step) -> str:
    if not step.__doc__:
        raise ValueError(f"{step} needs a docstring: it is the step's title")
    return " ".join(step.__doc__.split()).removesuffix(".")
