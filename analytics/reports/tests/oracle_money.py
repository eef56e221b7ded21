"""As ``oracle``, for what people use, buy, write and say."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from analytics.reports.tests.frames import Happened, Registered
from analytics.reports.tests.oracle import DAY, Oracle, rank, share

__all__ = ["MoneyOracle"]

WEEK = timedelta(days=7)


class MoneyOracle(Oracle):
    def everything(self) -> Iterator[tuple[UUID, Happened]]:
        for user_id, own in self.by_person.items():
            for event in own:
                yield user_id, event

    def begun(self, first: date, last: date, interval: str) -> list[date]:
        period, found = self.period(first, interval), []
        while period <= last:
            if self.start(period) <= self.now:
                found.append(period)
            period = self.later(period, interval, 1)
        return found

    def is_over(self, period: date, interval: str) -> bool:
        return self.has_ended(self.days_of(period, interval)[-1])

    def features(
        self, first: date, last: date, event: str = "", property: str = ""
    ) -> list[dict[str, Any]]:
        times: Counter[str] = Counter()
        users: dict[str, set[UUID]] = defaultdict(set)
        for user_id, one in self.everything():
            if first <= self.day(one.at) <= last and event in ("", one.name):
                name = str(one.props.get(property, "unknown")) if property else one.name
                times[name] += 1
                users[name].add(user_id)
        active = self.who(first + n * DAY for n in range((last - first).days + 1))
        ordered = sorted(times, key=lambda name: (-len(users[name]), -times[name], name))
        return [
            {
                "feature": name,
                "events": times[name],
                "users": len(users[name]),
                "share": share(len(users[name]), len(active)),
                "events_per_user": share(times[name], len(users[name])),
                "complete": self.has_ended(last),
            }
            for name in ordered
        ]

    def acquisition(
        self, first: date, last: date, interval: str, by: str = ""
    ) -> list[dict[str, Any]]:
        periods = self.begun(first, last, interval)
        groups: dict[tuple[date, str], list[Registered]] = defaultdict(list)
        for one in self.people.values():
            period = self.period(self.day(one.at), interval)
            groups[period, self.value(one.user_id, by)].append(one)
        end = self.days_of(self.period(last, interval), interval)[-1]
        values = sorted({value for period, value in groups if periods[0] <= period <= end})
        rows = []
        for period, value in ((one, other) for one in periods for other in values):
            came = groups[period, value]
            wrote = [
                one
                for one in came
                if any(
                    event.name == "message.sent" and event.at < one.at + WEEK
                    for event in self.by_person.get(one.user_id, [])
                )
            ]
            over = self.start(self.later(period, interval, 1)) + WEEK <= self.now
            rows.append(
                {
                    "period": period,
                    "value": value,
                    "registered": len(came),
                    "activated": len(wrote),
                    "activation_rate": share(len(wrote), len(came)) if over else None,
                    "complete": over,
                }
            )
        return rows

    def messaging(self, first: date, last: date, interval: str) -> list[dict[str, Any]]:
        rows = []
        for period in self.begun(first, last, interval):
            own = [
                (user, one.name)
                for user, one in self.everything()
                if self.period(self.day(one.at), interval) == period
            ]
            senders = [user for user, name in own if name == "message.sent"]
            rows.append(
                {
                    "period": period,
                    "messages": len(senders),
                    "senders": len(set(senders)),
                    "messages_per_sender": share(len(senders), len(set(senders))),
                    "conversations": sum(name == "conversation.opened" for _user, name in own),
                    "complete": self.is_over(period, interval),
                }
            )
        return rows

    def lifetime(self, first: date, last: date, cohort: str, periods: int) -> list[dict[str, Any]]:
        members: dict[date, set[UUID]] = defaultdict(set)
        for one in self.people.values():
            members[self.period(self.day(one.at), cohort)].add(one.user_id)
        rows = []
        for begun in sorted(set(self.begun(first, last, cohort)) & set(members)):
            own = [
                event
                for user_id, event in self.everything()
                if user_id in members[begun]
                and event.name in ("purchase.completed", "refund.posted")
                and self.day(event.at) >= self.period(first, cohort)
            ]
            for currency in sorted({event.props["currency"] for event in own}):
                for n in range(periods + 1):
                    end = self.later(begun, cohort, n + 1)
                    net = sum(
                        event.props["amount_minor"] * (1 if "purchase" in event.name else -1)
                        for event in own
                        if event.props["currency"] == currency and self.day(event.at) < end
                    )
                    has_begun = self.start(self.later(begun, cohort, n)) <= self.now
                    each = round(net / len(members[begun]), 2)
                    rows.append(
                        {
                            "cohort": begun,
                            "currency": currency,
                            "size": len(members[begun]),
                            "n": n,
                            "net_minor": net if has_begun else None,
                            "per_person_minor": each if has_begun else None,
                            "complete": self.start(end) <= self.now,
                        }
                    )
        return rows

    def calling(self, first: date, last: date, interval: str) -> list[dict[str, Any]]:
        rows = []
        for period in self.begun(first, last, interval):
            own = [
                event
                for _user, event in self.everything()
                if self.period(self.day(event.at), interval) == period
            ]
            calls = [event.props for event in own if event.name == "call.ended"]
            lasted = sorted(one["seconds"] for one in calls if one["seconds"] > 0)
            broken = [one for one in calls if one["reason"] in ("dropped", "failed")]
            grades = Counter(one.props["grade"] for one in own if one.name == "call.quality")
            rows.append(
                {
                    "period": period,
                    "calls": len(calls),
                    "connected": len(lasted),
                    "connect_rate": share(len(lasted), len(calls)),
                    "broken": len(broken),
                    "broken_rate": share(len(broken), len(calls)),
                    "median_seconds": rank(lasted, 50),
                    "p90_seconds": rank(lasted, 90),
                    **{grade: grades[grade] for grade in ("good", "fair", "poor")},
                    "complete": self.is_over(period, interval),
                }
            )
        return rows

    def revenue(self, first: date, last: date, interval: str) -> list[dict[str, Any]]:
        periods = self.begun(first, last, interval)
        moved: dict[tuple[date, str], list[tuple[UUID, Happened]]] = defaultdict(list)
        for user_id, event in self.everything():
            period = self.period(self.day(event.at), interval)
            if event.name in ("purchase.completed", "refund.posted") and period in periods:
                moved[period, event.props["currency"]].append((user_id, event))
        rows = []
        for period in periods:
            active = len(self.who(self.days_of(period, interval)))
            for currency in sorted({currency for _period, currency in moved}):
                own = moved[period, currency]
                bought = [(user, one) for user, one in own if one.name == "purchase.completed"]
                gross = sum(one.props["amount_minor"] for _user, one in bought)
                back = sum(
                    one.props["amount_minor"] for _u, one in own if one.name == "refund.posted"
                )
                payers = len({user for user, _one in bought})
                rows.append(
                    {
                        "period": period,
                        "currency": currency,
                        "purchases": len(bought),
                        "payers": payers,
                        "active": active,
                        "gross_minor": gross,
                        "refunds_minor": back,
                        "net_minor": gross - back,
                        "arpu_minor": round((gross - back) / active, 2) if active else None,
                        "arppu_minor": round((gross - back) / payers, 2) if payers else None,
                        "conversion": share(payers, active),
                        "complete": self.is_over(period, interval),
                    }
                )
        return rows
