"""The world of the storm: a person, two senders as bad as real ones, rivals, deaths, a model.

Whatever is done between two writes is done at a *point*: after a claim that took something, before
and after results are stored, and around each answer of a sender and each other transaction.
``plan`` says what happens at the how manyth from now.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import time_machine
from django.conf import settings

from messaging.tests.people import make_people
from notifications import channels, dispatch
from notifications.channels import Channel, Outcome, Outgoing, Result
from notifications.kinds import KINDS, Class, Lane
from notifications.models import Delivery, Notification
from notifications.preferences import services as preferences
from notifications.preferences.selectors import preferences_of, wants
from notifications.receipts import rank_of
from notifications.services import reading, receipts, telling
from notifications.services.receipts import Heard, note_receipts
from notifications.services.telling import Wish, notify
from pairly.accounts.models import User
from pairly.core import clock
from pairly.core.db import run_atomic

__all__ = ["LANES", "Killed", "World", "naive_quiet"]

LANES = (Lane.RING, Lane.PUSH, Lane.EMAIL)
WORDS = {"sender": "Ava", "caller": "Ava", "available": 1, "amount": "₹1.00", "title": "T"}
State = Delivery.State


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Taken:
    """A provider took a delivery. ``unknown``: we died, or waited in vain, before we knew."""

    delivery_id: UUID
    channel: Channel
    unknown: bool = False


@dataclass
class World:
    travelled: time_machine.Traveller
    zone: str
    crowded: bool = False
    """Another worker looks for work at each moment at which this one waits for a provider."""
    weather: str = "fair"
    plan: tuple[int, Callable[[], Any]] | None = None
    active: bool = False
    ever: set[str] = field(default_factory=set)
    """What was so at some time: ``refused messages:push``, ``active``, ``died``."""
    taken: list[Taken] = field(default_factory=list)
    told_by: dict[str, set[UUID]] = field(default_factory=lambda: {"push": set(), "email": set()})
    due: dict[UUID, datetime] = field(default_factory=dict)
    tried: dict[UUID, tuple[datetime, Outcome]] = field(default_factory=dict)
    heard: dict[UUID, str] = field(default_factory=dict)
    counts: dict[str, tuple[int, bool]] = field(default_factory=dict)
    told: int = 0
    broken: AssertionError | None = None
    """What was wrong inside of a sender, whose failures the dispatcher takes for a provider's."""
    disturbed: bool = False
    """Something happened in the middle of this run, so what it knew may be of a moment before."""

    def __post_init__(self) -> None:
        (self.user_id,) = make_people(1, credits=0)
        User.objects.filter(pk=self.user_id).update(time_zone=self.zone)

    def __enter__(self) -> "World":
        self._stack = ExitStack()
        senders: dict[Channel, Any] = {one: _Sender(one, self) for one in ("push", "email")}
        self._stack.enter_context(patch.dict(channels._senders, senders))
        for module in (dispatch, telling, reading, receipts, preferences):
            self._stack.enter_context(patch.object(module, "run_atomic", self._mortal))
        active = patch.object(
            dispatch, "active_users", lambda ids: set(ids) if self.active else set()
        )
        self._stack.enter_context(active)
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()

    def _mortal(self, block: Callable[[], Any]) -> Any:
        """A look that finds nothing due writes nothing, and is no point."""
        is_claim = "_claim" in block.__qualname__
        if not is_claim:
            self.point()
        result = run_atomic(block)
        if result or not is_claim:
            self.point()
        return result

    def point(self) -> None:
        if self.plan is None:
            return
        count, act = self.plan
        self.plan = (count - 1, act) if count else None
        if not count:
            self.disturbed = True
            act()

    # What people, providers and machines do

    def do(self, name: str, *values: Any) -> None:
        getattr(self, name)(*values)

    def at_a_point(self, count: int, what: tuple[Any, ...]) -> None:
        self.plan = count, lambda: self.do(*what)

    def die(self) -> None:
        raise Killed

    def rival(self) -> None:
        """Another worker, who is not followed by others in turn."""
        crowded, self.crowded = self.crowded, False
        try:
            for lane in LANES:
                dispatch.dispatch(lane)
        finally:
            self.crowded = crowded

    def wait(self, seconds: int) -> None:
        self.travelled.shift(timedelta(seconds=seconds))

    def be_bad(self, weather: str) -> None:
        self.weather = weather

    def look(self, active: bool) -> None:
        self.active = active
        self.ever |= {"active"} if active else set()

    def tell(self, kind: str, alike: int) -> None:
        """Until it is done, as events are, and once more, as an event may come twice."""
        key, now = str(uuid4()), clock.now()
        wish = Wish(
            user_id=self.user_id,
            kind=kind,
            dedupe_key=key,
            context={**WORDS, "body": "B"},
            collapse_key=f"{kind}:{alike}" if alike else "",
            expires_at=now + timedelta(seconds=30) if kind == "call.incoming" else None,
        )
        self.disturbed = False
        again(lambda: notify([wish]))
        told: list[int] = []
        again(lambda: told.append(notify([wish])))
        assert told == [0]
        self.told += 1
        if alike:
            self._count(wish)

    def _count(self, wish: Wish) -> None:
        kind, chosen = KINDS[wish.kind], preferences_of([self.user_id])[self.user_id]
        listed = "in_app" in kind.channels and wants(chosen, kind, "in_app")
        count = self.counts.pop(wish.collapse_key, (0, False))[0] + 1
        alike = Notification.objects.filter(user_id=self.user_id, collapse_key=wish.collapse_key)
        still_open = list(alike.filter(open=True))
        if self.disturbed:  # read in the middle of it
            count = still_open[0].count if still_open else 0
        assert [row.count for row in still_open] == ([count] if count else [])
        if count:
            self.counts[wish.collapse_key] = (count, listed)

    def read(self) -> None:
        wish = [reading.Read(self.user_id, None)]
        again(lambda: self._mortal(lambda: reading.read_notifications(wish)))
        self.counts = {key: (n, listed) for key, (n, listed) in self.counts.items() if not listed}

    def choose(self, category: str, channel: str, wanted: bool) -> None:
        wish = {category: {channel: wanted}}
        again(lambda: preferences.change_preferences(user_id=self.user_id, categories=wish))
        if not wanted:
            self.ever.add(f"refused {category}:{channel}")

    def be_quiet(self, hours: tuple[str, str] | None) -> None:
        again(
            lambda: preferences.change_preferences(
                user_id=self.user_id, quiet_hours=hours, quiet_given=True
            )
        )

    def consent(self, wanted: bool) -> None:
        again(lambda: preferences.change_preferences(user_id=self.user_id, marketing=wanted))
        if not wanted:
            self.ever |= {"refused offers:push", "refused offers:email"}

    def hear(self, receipts: Sequence[str], which: int) -> None:
        """Of something that was taken; providers tell until they are answered."""
        if not self.taken:
            return
        taken = self.taken[-1 - which % len(self.taken)]
        for receipt in receipts:
            heard = [Heard(taken.delivery_id, receipt, clock.now())]
            again(partial(note_receipts, heard, channel=taken.channel))
            best = max(self.heard.get(taken.delivery_id, ""), receipt, key=rank_of)
            self.heard[taken.delivery_id] = best

    def work(self) -> None:
        for lane in LANES:
            self.disturbed, before = False, len(self.taken)
            try:
                dispatch.dispatch(lane)
            except Killed:
                self._forget(self.taken[before:])
            if self.broken is not None:
                raise self.broken
            self._look_at_the_schedule()

    def _forget(self, taken: Sequence[Taken]) -> None:
        """Who died, or was too late, before the answer was stored does not know."""
        for one in taken:
            if Delivery.objects.get(pk=one.delivery_id).state == State.SENDING:
                one.unknown = True

    def _look_at_the_schedule(self) -> None:
        failed = Delivery.objects.filter(user_id=self.user_id, state=State.FAILED)
        for row in failed:
            tried_at, outcome = self.tried[row.pk]
            assert row.due_at is not None and outcome == Outcome.TRANSIENT
            wait = dispatch.RETRY_AFTER_SECONDS[row.attempts - 1]
            waits = (row.due_at - tried_at).total_seconds()
            assert self.disturbed or 0.9 * wait <= waits <= 1.1 * wait
            self.due[row.pk] = row.due_at

    # The senders

    def between(self) -> None:
        """Two answers of a provider, much may happen."""
        self.point()
        if self.crowded:
            self.rival()

    def answer(self, outgoing: Outgoing, channel: Channel) -> Result:
        now = clock.now()
        assert now >= self.due.pop(outgoing.delivery_id, now)
        result = self._said(outgoing, channel)
        self.tried[outgoing.delivery_id] = (now, result.outcome)
        self.point()
        return result

    def _said(self, outgoing: Outgoing, channel: Channel) -> Result:
        weather, self.weather = self.weather, "fair"
        if outgoing.expires_at is not None and outgoing.expires_at <= clock.now():
            return Result(Outcome.NO_ADDRESS, "too late")
        if weather == "fails":
            return Result(Outcome.TRANSIENT, "busy")
        if weather == "is garbage":
            raise ValueError("<html>")
        if weather == "refuses":
            return Result(Outcome.PERMANENT, "no such token")
        self._take(outgoing, channel, unknown=weather in ("is silent", "is slow"))
        if weather == "is prompt":
            self.hear(["delivered", "opened", "bounced"][len(self.taken) % 3 :][:1], 0)
        if weather == "is silent":
            return Result(Outcome.TRANSIENT, "no answer")
        if weather == "is slow":
            self._outlive_the_lease()
        return Result(Outcome.SENT, "taken")

    def _outlive_the_lease(self) -> None:
        """All that is on its way is another's by the time that it is answered."""
        self.disturbed = True
        self._forget(self.taken)
        self.travelled.shift(timedelta(seconds=settings.NOTIFICATION_LEASE_SECONDS + 1))
        self.rival()

    def _take(self, outgoing: Outgoing, channel: Channel, *, unknown: bool) -> None:
        """No second time, unless nobody could know of the first; nothing that has to wait."""
        earlier = [one for one in self.taken if one.delivery_id == outgoing.delivery_id]
        assert all(one.unknown for one in earlier)
        assert outgoing.expires_at is None or outgoing.expires_at > clock.now()
        kind_class = Class(outgoing.notification_class)
        if kind_class.may_wait:
            chosen = preferences_of([self.user_id])[self.user_id]
            hours = chosen.quiet_start, chosen.quiet_end
            assert not naive_quiet(clock.now(), self.zone, *hours)
        may_disturb = kind_class == Class.SECURITY or (kind_class, channel) == (
            Class.MONEY,
            "email",
        )
        assert not self.active or may_disturb
        self._note_what_it_tells(outgoing, channel)
        self.taken.append(Taken(outgoing.delivery_id, channel, unknown))

    def _note_what_it_tells(self, outgoing: Outgoing, channel: Channel) -> None:
        row = Delivery.objects.select_related("notification").get(pk=outgoing.delivery_id)
        told = {row.notification_id}
        chosen = preferences_of([self.user_id])[self.user_id]
        if not (row.is_digest or self.disturbed):
            assert wants(chosen, KINDS[row.kind], channel)
            critical = not KINDS[row.kind].notification_class.may_be_refused
            assert critical or row.notification.open
        if row.is_digest:
            joined = Delivery.objects.filter(
                user_id=self.user_id, channel=channel, reason=Delivery.Reason.DIGESTED
            )
            told |= set(joined.values_list("notification_id", flat=True))
            told = {
                one.pk
                for one in Notification.objects.filter(pk__in=told, open=True)
                if wants(chosen, KINDS[one.kind], channel)
                and row.created_at <= one.created_at < _until(row)
                and one.expires_at > clock.now()
            }
            number = outgoing.title.split()[0] if outgoing.kind == "digest" else "1"
            assert self.disturbed or int(number) == len(told)
        self.told_by[channel] |= told


def _until(digest: Delivery) -> datetime:
    """When the next one began."""
    digests = Delivery.objects.filter(
        user_id=digest.user_id, channel=digest.channel, is_digest=True, pk__gt=digest.pk
    )
    later = [one.created_at for one in digests if one.created_at > digest.created_at]
    return min(later, default=clock.now() + timedelta(seconds=1))


class _Sender:
    def __init__(self, channel: Channel, world: World) -> None:
        self.channel, self._world = channel, world

    def send(self, outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        """What it raises the dispatcher takes for a defect, and tries all of the batch again."""
        before = len(self._world.taken)
        try:
            return self._send(outgoing)
        except AssertionError as error:
            self._world.broken = error
            raise
        except ValueError:
            for taken in self._world.taken[before:]:
                taken.unknown = True
            for one in outgoing:
                self._world.tried[one.delivery_id] = (clock.now(), Outcome.TRANSIENT)
            raise

    def _send(self, outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        """As the real ones, it has no time for the rest of a batch that takes too long."""
        began, results = clock.now(), []
        for one in outgoing:
            self._world.between()
            if clock.now() - began < timedelta(minutes=2):
                results.append(self._world.answer(one, self.channel))
            else:
                results.append(Result(Outcome.TRANSIENT, "no time"))
                self._world.tried[one.delivery_id] = (clock.now(), Outcome.TRANSIENT)
        return results


def again(act: Callable[[], Any]) -> None:
    """Who dies comes back and does it again."""
    try:
        act()
    except Killed:
        act()


def naive_quiet(now: datetime, zone: str, start: str, end: str) -> bool:
    """By a look at the wall clock, which is right but for the hours around a change of it; there
    more is quiet than it says, and never less."""
    if not start:
        return False
    wall = now.astimezone(ZoneInfo(zone)).time()
    begins, ends = time.fromisoformat(start), time.fromisoformat(end)
    return begins <= wall < ends if begins < ends else wall >= begins or wall < ends
