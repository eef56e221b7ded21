"""What a call should come to, in whole milliseconds and credits, without a database: the rules of
docs/calling.md once more, as sums over a timeline instead of rows that change."""

from dataclasses import dataclass, field

__all__ = ["Reference", "Rules"]


@dataclass(frozen=True)
class Rules:
    rate: int
    minute: int = 60_000
    increment: int = 60_000
    share_percent: int = 0
    ring: int = 30_000
    media: int = 20_000
    grace: int = 15_000
    outage: int = 60_000
    outage_noticed: int = 5_000


@dataclass
class Reference:
    """One caller's credits and their newest call. Times are milliseconds."""

    rules: Rules
    available: int
    spent: int = 0
    shared: int = 0
    swept_at: int | None = None
    resumed_at: int = 0

    status: str = "none"
    reason: str = ""
    made_at: int = 0
    accepted_at: int = 0
    connected_at: int = 0
    seen: list[int] = field(default_factory=lambda: [0, 0])
    media_reported: list[bool] = field(default_factory=lambda: [False, False])
    devices: list[int | None] = field(default_factory=lambda: [0, None])
    paid: int = 0
    seconds: int = 0
    cost: int = 0

    @property
    def is_live(self) -> bool:
        return self.status in ("ringing", "accepted", "active")

    # Steps

    def invite(self, now: int) -> str:
        if self.is_live:
            return "busy"
        if self.rules.rate > self.available:
            return "insufficient_credits"
        self.status, self.reason, self.made_at = "ringing", "", now
        self.seen, self.media_reported = [now, now], [False, False]
        self.devices, self.paid, self.seconds, self.cost = [0, None], 0, 0, 0
        self._pay(2)
        return ""

    def accept(self, now: int, device: int) -> None:
        self.status, self.accepted_at, self.seen[1] = "accepted", now, now
        self.devices[1] = device

    def media(self, now: int, who: int) -> None:
        self.sign(now, who)
        if self.status != "accepted":
            return
        self.media_reported[who] = True
        if all(self.media_reported):
            self.status, self.connected_at, self.seen = "active", now, [now, now]
            self.look(now)

    def join(self, now: int, who: int, device: int) -> None:
        if self.devices[who] != device and self.status == "accepted":
            self.media_reported[who] = False
        self.devices[who] = device
        self.sign(now, who)

    def sign(self, now: int, who: int) -> None:
        self.seen[who] = max(self.seen[who], now)

    def end(self, now: int, reason: str) -> None:
        self._finish(max(now, *self.seen) if self.status == "active" else now, reason)

    def watch(self, now: int) -> None:
        """A sweeper comes by."""
        if self.swept_at is None or now - self.swept_at > self.rules.outage_noticed:
            self.resumed_at = now
        self.swept_at = now

    def is_silent(self, now: int) -> bool:
        silence = now - min(self.seen)
        if abs(silence) <= self.rules.grace:
            return False
        if silence < 0 or silence > self.rules.outage:
            return True
        if self.swept_at is None or now - self.swept_at > self.rules.outage_noticed:
            return False
        return now - max(min(self.seen), self.resumed_at) > self.rules.grace

    def look(self, now: int) -> None:
        """What time has done by now."""
        if self.status == "ringing" and now >= self.made_at + self.rules.ring:
            self._finish(self.made_at + self.rules.ring, "missed")
        elif self.status == "accepted" and now >= self.accepted_at + self.rules.media:
            self._finish(self.accepted_at + self.rules.media, "failed")
        elif self.status == "active":
            self._look_at_active(now)

    # Sums

    def _look_at_active(self, now: int) -> None:
        silent = self.is_silent(now)
        moment = min(self.seen) if silent else now
        running = self._talked(moment) // self.rules.minute + 1
        begun = self.full_minutes()
        self._pay(running if silent else max(begun + 2, running + 1))
        end = self.connected_at + self.paid * self.rules.minute
        if self.rules.rate and moment >= end:
            self._finish(end, "no_credit")
        elif silent:
            self._finish(moment, "dropped")

    def full_minutes(self) -> int:
        talked = self._talked(min(self.seen))
        increments = talked // self.rules.increment + 1
        return increments * self.rules.increment // self.rules.minute

    @property
    def charged(self) -> int:
        """So far: the minutes due in full, all that was due once it is over."""
        if self.status != "active":
            return self.cost
        return min(self.full_minutes(), self.paid) * self.rules.rate

    def _talked(self, moment: int) -> int:
        return max(0, moment - self.connected_at)

    def _pay(self, minutes: int) -> None:
        """Set aside for so many minutes in all, as far as it goes."""
        while self.rules.rate and self.paid < minutes and self.available >= self.rules.rate:
            self.available -= self.rules.rate
            self.paid += 1

    def _finish(self, at: int, reason: str) -> None:
        if self.status == "active":
            talked, rules = self._talked(at), self.rules
            increments = talked // rules.increment + 1
            whole = -(-increments * rules.increment * rules.rate // rules.minute)
            self.cost = min(whole, self.paid * rules.rate)
            self.seconds = -(-talked // 1000)
        self.available += self.paid * self.rules.rate - self.cost
        self.spent += self.cost
        self.shared += self.cost * self.rules.share_percent // 100
        self.paid = 0
        self.status, self.reason = "ended", reason
