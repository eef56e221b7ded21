"""A sender that keeps what it gets and answers as it is told to, and the clock that moves on."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

import time_machine

from notifications.channels import Channel, Outcome, Outgoing, Result
from notifications.dispatch import dispatch
from notifications.kinds import Lane
from pairly.core import clock
from pairly.outbox.dispatch import dispatch_all

__all__ = ["Recorder", "SENT", "TRANSIENT", "after", "pass_time"]

SENT = Result(Outcome.SENT, "taken", provider_ref="ref")
TRANSIENT = Result(Outcome.TRANSIENT, "come back later")


class Recorder:
    """``answers`` are given first, then every delivery is taken. An exception is raised."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.sent: list[Outgoing] = []
        self.tried: list[Outgoing] = []
        self.answers: deque[Result | BaseException] = deque()

    def send(self, outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        return [self._answer(one) for one in outgoing]

    def _answer(self, one: Outgoing) -> Result:
        answer = self.answers.popleft() if self.answers else SENT
        self.tried.append(one)
        if isinstance(answer, BaseException):
            raise answer
        if answer.outcome == Outcome.SENT:
            self.sent.append(one)
        return answer

    @property
    def titles(self) -> list[str]:
        return [one.title for one in self.sent]


def pass_time() -> None:
    """Let happen what is due: events reach their handlers, deliveries their senders."""
    dispatch_all()
    for lane in (Lane.RING, Lane.PUSH, Lane.EMAIL):
        dispatch(lane)


def after(travelled: time_machine.Traveller, **time: int) -> datetime:
    """Move the clock on, and let happen what is due by then."""
    travelled.shift(timedelta(**time))
    pass_time()
    return clock.now()
