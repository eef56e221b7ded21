"""The definitions of docs/analytics.md once more, in plain Python over lists of events: sets, loops
and nothing shared with what is tested but the shape of its rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from analytics.reports.tests.frames import Happened, Registered

__all__ = ["DAY", "Oracle", "rank", "share"]

DAY = timedelta(days=1)


class Oracle:
    def __init__(
        self,
        events: Iterable[Happened],
        people: Iterable[Registered],
        *,
        zone: str,
        now: datetime,
    ) -> None:
        self.zone = ZoneInfo(zone)
        self.now = now
        self.people = {one.user_id: one for one in people}
        self.by_person: dict[UUID, list[Happened]] = defaultdict(list)
        for event in sorted(events, key=lambda one: (one.at, one.event_id.bytes)):
            self.by_person[event.user_id].append(event)
        self.active_on: dict[date, set[UUID]] = defaultdict(set)
        for user_id, own in self.by_person.items():
            for event in own:
                if event.activity:
                    self.active_on[self.day(event.at)].add(user_id)

    # Time

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def start(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def has_ended(self, day: date) -> bool:
        return self.start(day + DAY) <= self.now

    @staticmethod
    def days_of(period: date, interval: str) -> list[date]:
        """All days of the period that begins on this day."""
        days = [period]
        while Oracle.period(days[-1] + DAY, interval) == period:
            days.append(days[-1] + DAY)
        return days

    @staticmethod
    def period(day: date, interval: str) -> date:
        if interval == "day":
            return day
        if interval == "month":
            return date(day.year, day.month, 1)
        while day.isoweekday() != 1:
            day -= DAY
        return day

    def later(self, period: date, interval: str, count: int) -> date:
        for _ in range(count):
            period = self.days_of(period, interval)[-1] + DAY
        return period

    def earlier(self, period: date, interval: str) -> date:
        return self.period(period - DAY, interval)

    def who(self, days: Iterable[date]) -> set[UUID]:
        found: set[UUID] = set()
        for day in days:
            found |= self.active_on.get(day, set())
        return found

    # Activity

    def active_users(self, first: date, last: date) -> list[dict[str, Any]]:
        rows = []
        day = first
        while day <= last:
            dau, wau, mau = (
                len(self.who(day - n * DAY for n in range(length))) for length in (1, 7, 28)
            )
            rows.append(
                {
                    "day": day,
                    "dau": dau,
                    "wau": wau,
                    "mau": mau,
                    "stickiness": share(dau, mau),
                    "complete": self.has_ended(day),
                }
            )
            day += DAY
        return rows

    def growth(self, first: date, last: date, interval: str) -> list[dict[str, Any]]:
        rows = []
        for period in sorted({self.period(day, interval) for day in days_between(first, last)}):
            now_active = self.who(self.days_of(period, interval))
            before = self.earlier(period, interval)
            were_active = self.who(self.days_of(before, interval))
            came = now_active - were_active
            new = {
                one
                for one in came
                if one in self.people and self.day(self.people[one].at) >= period
            }
            over = self.has_ended(self.days_of(period, interval)[-1])
            rows.append(
                {
                    "period": period,
                    "active": len(now_active),
                    "new": len(new),
                    "returning": len(now_active & were_active),
                    "resurrected": len(came - new),
                    "dormant": len(were_active - now_active) if over else None,
                    "complete": over,
                }
            )
        return rows

    def churn(self, first: date, last: date, interval: str) -> list[dict[str, Any]]:
        rows = []
        for period in sorted({self.period(day, interval) for day in days_between(first, last)}):
            base = self.who(self.days_of(self.earlier(period, interval), interval))
            over = self.has_ended(self.days_of(period, interval)[-1])
            lost = len(base - self.who(self.days_of(period, interval))) if over else None
            rows.append(
                {
                    "period": period,
                    "base": len(base),
                    "churned": lost,
                    "rate": share(lost, len(base)),
                    "complete": over,
                }
            )
        return rows

    # Cohorts

    def starts(self, event: str) -> dict[UUID, datetime]:
        if not event:
            return {one.user_id: one.at for one in self.people.values()}
        return {
            user_id: times[0]
            for user_id, own in self.by_person.items()
            if (times := [one.at for one in own if one.name == event])
        }

    def periods_of(self, user_id: UUID, started: datetime, asked: Any) -> set[int]:
        """In which periods after the start somebody returned."""
        found = set()
        own_period = self.period(self.day(started), asked.period)
        for event in self.by_person.get(user_id, []):
            if not (event.name == asked.returning if asked.returning else event.activity):
                continue
            if asked.rolling:
                if event.at >= started:
                    length = DAY * (7 if asked.period == "week" else 1)
                    found.add((event.at - started) // length)
                continue
            period, count = self.period(self.day(event.at), asked.period), 0
            while period > own_period:
                period, count = self.earlier(period, asked.period), count + 1
            if period == own_period:
                found.add(count)
        return found

    def cohorts(self, first: date, last: date, asked: Any) -> list[dict[str, Any]]:
        first = self.period(first, asked.cohort)
        last = self.days_of(self.period(last, asked.cohort), asked.cohort)[-1]
        groups: dict[tuple[date, str], list[set[int]]] = defaultdict(list)
        for user_id, started in self.starts(asked.start).items():
            if first <= self.day(started) <= last:
                cohort = self.period(self.day(started), asked.cohort)
                returned = self.periods_of(user_id, started, asked)
                groups[cohort, self.value(user_id, asked.by)].append(returned)
        rows = []
        for (cohort, value), members in sorted(groups.items(), key=lambda item: item[0]):
            days = self.days_of(cohort, asked.cohort)
            for lowest, highest in cells_of(asked):
                begins = self.begin_of(days[0], asked, lowest, self.start(days[0]))
                ends = self.begin_of(days[-1], asked, highest + 1, self.start(days[-1] + DAY))
                kept = sum(
                    any(n >= lowest for n in one)
                    if asked.kind == "unbounded"
                    else any(lowest <= n <= highest for n in one)
                    for one in members
                )
                begun = begins <= self.now
                rows.append(
                    {
                        "cohort": cohort,
                        "value": value,
                        "size": len(members),
                        "n": str(lowest) if lowest == highest else f"{lowest}-{highest}",
                        "retained": kept if begun else None,
                        "rate": share(kept if begun else None, len(members)),
                        "complete": self.has_ended(days[-1]) and ends <= self.now,
                    }
                )
        return rows

    def retention(self, first: date, last: date, asked: Any) -> list[dict[str, Any]]:
        """All cohorts together, each person weighing the same."""
        told = self.cohorts(first, last, asked)
        rows = []
        for value in sorted({one["value"] for one in told}):
            for label in list(dict.fromkeys(one["n"] for one in told)):
                whole = [
                    one
                    for one in told
                    if one["complete"] and (one["value"], one["n"]) == (value, label)
                ]
                size = sum(one["size"] for one in whole)
                kept = sum(one["retained"] for one in whole) if whole else None
                rows.append(
                    {
                        "value": value,
                        "n": label,
                        "size": size,
                        "retained": kept,
                        "rate": share(kept, size),
                        "complete": bool(whole),
                    }
                )
        return rows

    def begin_of(self, day: date, asked: Any, n: int, moment: datetime) -> datetime:
        if asked.rolling:
            return moment + n * DAY * (7 if asked.period == "week" else 1)
        return self.start(self.later(self.period(day, asked.period), asked.period, n))

    def value(self, user_id: UUID, by: str) -> str:
        if not by:
            return ""
        return getattr(self.people.get(user_id), by, None) or "unknown"

    # Funnels

    def funnel(self, first: date, last: date, asked: Any) -> list[dict[str, Any]]:
        best = {
            user_id: found
            for user_id, own in self.by_person.items()
            if (found := self.best_attempt(own, first, last, asked)) is not None
        }
        groups: dict[str, list[tuple[list[datetime], datetime]]] = defaultdict(list)
        for user_id, (taken, newest) in best.items():
            if asked.by in ("country", "platform"):
                value = self.value(user_id, asked.by)
            else:
                value = taken[0].props.get(asked.by, "unknown") if asked.by else ""
            groups[value].append(([one.at for one in taken], newest))
        rows = []
        for value, attempts in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
            rows += self.funnel_rows(value, attempts, asked)
        return rows

    def best_attempt(
        self, own: Sequence[Happened], first: date, last: date, asked: Any
    ) -> tuple[list[Happened], datetime] | None:
        attempts = []
        for begin, event in enumerate(own):
            if not fits(event, asked.steps[0]) or not first <= self.day(event.at) <= last:
                continue
            limit = event.at + asked.window
            taken, spoiled = [event], False
            for other in own[begin + 1 :]:
                if len(taken) == len(asked.steps) or other.at > limit:
                    break
                spoiled = spoiled or any(fits(other, one) for one in asked.exclusions)
                if fits(other, asked.steps[len(taken)]):
                    taken.append(other)
            if not spoiled:
                attempts.append(taken)
        if not attempts:
            return None
        newest = attempts[-1][0].at
        return max(attempts, key=len), newest

    def funnel_rows(
        self, value: str, attempts: list[tuple[list[datetime], datetime]], asked: Any
    ) -> list[dict[str, Any]]:
        rows = []
        for place, step in enumerate(asked.steps):
            reached = [taken for taken, _newest in attempts if len(taken) > place]
            before = [one for one in attempts if len(one[0]) >= max(place, 1)]
            waiting = [
                taken
                for taken, newest in before
                if len(taken) == place and newest + asked.window > self.now
            ]
            took = sorted((one[place] - one[place - 1]).total_seconds() for one in reached)
            rows.append(
                {
                    "value": value,
                    "step": place + 1,
                    "event": str(step),
                    "people": len(reached),
                    "dropped": len(before) - len(reached),
                    "waiting": len(waiting),
                    "rate_from_first": share(len(reached), len(attempts)),
                    "rate_from_previous": share(len(reached), len(before)),
                    "median_seconds": rank(took, 50) if place else None,
                    "p90_seconds": rank(took, 90) if place else None,
                }
            )
        return rows


def cells_of(asked: Any) -> list[tuple[int, int]]:
    if asked.kind == "bracket":
        return list(asked.brackets)
    return [(n, n) for n in range(asked.periods + 1)]


def fits(event: Happened, step: Any) -> bool:
    if event.name != step.name:
        return False
    return not step.property or event.props.get(step.property) == step.value


def share(part: int | None, whole: int) -> float | None:
    return None if part is None or whole == 0 else round(part / whole, 6)


def rank(ordered: list[float], percent: int) -> float | None:
    """The least of them that is not exceeded by so many percent of them."""
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None


def days_between(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]
