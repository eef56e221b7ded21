"""``python -m bench.soak``: people write, call and read for as long as wanted, against a server of
its own; minute by minute what it gave, and at the end whether it held.

Everybody connects anew each minute, so what a connection leaves behind shows as well. A frame that
is refused, lost, doubled or out of order ends it at once.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import httpx

from bench.calls import CallPair
from bench.contestants import Pairly, make_template
from bench.load import Load, LoadFailed, run
from bench.pairs import Pair, Person
from bench.servers import Running

__all__ = ["Minute", "main", "verdict"]

READ = ("me", "conversations", "wallet", "wallet/transactions", "calls", "sync?since=0")
READ_PAUSE_SECONDS = 0.05
SHARE_OF_RATE_MIN = 0.9
JUDGED_MINUTES_MIN = 6
GROWTH_MEBIBYTES_A_MINUTE_MAX = 1.0
MORE_FILES_MAX = 10
SETTLE_SECONDS_MAX = 10
SETTLE_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute gave, and what the server held when everybody had left again."""

    per_second: float
    delivery_p99_ms: float
    reads: int
    read_errors: int
    mebibytes: float
    open_files: int

    def row(self, number: int) -> str:
        return (
            f"{number:6} {self.per_second:9.1f} {self.delivery_p99_ms:9.1f} {self.reads:7}"
            f" {self.read_errors:7} {self.mebibytes:8.1f} {self.open_files:6}"
        )


HEADING = "minute    done/s    p99 ms   reads  errors      MiB  files"


@dataclass(slots=True)
class Reader:
    """One who reads over REST meanwhile, as everybody in turn; counts answers other than 200."""

    people: Sequence[Person]
    port: int
    reads: int = 0
    errors: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def reading(self) -> Iterator["Reader"]:
        thread = threading.Thread(target=self._read)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _read(self) -> None:
        turns = zip(cycle(self.people), cycle(READ), strict=False)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/api/v1/", trust_env=False
        ) as http:
            while not self._stop.wait(READ_PAUSE_SECONDS):
                person, path = next(turns)
                try:
                    answered = http.get(path, headers=person.headers).status_code == 200
                except httpx.HTTPError:
                    answered = False
                self.reads += 1
                self.errors += not answered


def minutes_of(count: int, load: Load, server: Running, people: list[Person]) -> Iterator[Minute]:
    """Raises ``LoadFailed``."""
    for _ in range(count):
        with Reader(people, server.port).reading() as reader:
            figures = run(load, people, server.port)
        yield Minute(
            per_second=figures.messages_per_second,
            delivery_p99_ms=figures.delivery.p99 if figures.delivery else float("inf"),
            reads=reader.reads,
            read_errors=reader.errors,
            open_files=_settled(lambda: len(os.listdir(f"/proc/{server.pid}/fd"))),
            mebibytes=server.private_mebibytes(),
        )


def _settled(measure: Callable[[], int]) -> int:
    """The number when it has stopped changing: a server closes what was left in its own time."""
    give_up_at = time.monotonic() + SETTLE_SECONDS_MAX
    before, now = -1, measure()
    while before != now and time.monotonic() < give_up_at:
        time.sleep(SETTLE_PAUSE_SECONDS)
        before, now = now, measure()
    return now


def verdict(minutes: Sequence[Minute], rate: float) -> list[str]:
    """What did not hold, in sentences; nothing if all did. The first minute warms up."""
    found = []
    if errors := sum(one.read_errors for one in minutes):
        found.append(f"{errors} reads failed")
    slow = [one for one in minutes[1:] if one.per_second < rate * SHARE_OF_RATE_MIN]
    if slow:
        found.append(f"{len(slow)} minutes stayed below {SHARE_OF_RATE_MIN:.0%} of {rate:g}/s")
    more_files = minutes[-1].open_files - minutes[0].open_files
    if more_files > MORE_FILES_MAX:
        found.append(f"{more_files} files more are open than after the first minute")
    growth = growth_a_minute(minutes)
    if growth is not None and growth > GROWTH_MEBIBYTES_A_MINUTE_MAX:
        found.append(f"memory grows by {growth:.2f} MiB a minute")
    return found


def growth_a_minute(minutes: Sequence[Minute]) -> float | None:
    """MiB, from the second third to the last one, when caches are full; None if too short."""
    if len(minutes) < JUDGED_MINUTES_MIN:
        return None
    third = len(minutes) // 3
    middle, end = minutes[third : 2 * third], minutes[-third:]
    grown = statistics.median(one.mebibytes for one in end) - statistics.median(
        one.mebibytes for one in middle
    )
    return grown / (len(minutes) - 2 * third)


def main() -> int:
    """Exit status 1 when something did not hold."""
    arguments = _arguments()
    kinds = cycle((Pair, Pair, Pair, CallPair))
    load = Load(
        seconds=1 if arguments.quick else 60,
        warm_up_seconds=0.2 if arguments.quick else 1,
        rate=arguments.rate,
        pair=lambda *people, **options: next(kinds)(*people, **options),
    )
    minutes: list[Minute] = []
    failures: list[str] = []
    print(HEADING, flush=True)
    with tempfile.TemporaryDirectory(prefix="pairly-soak-") as name:
        folder = Path(name)
        make_template(folder / "template", users=arguments.users)
        pairly = Pairly(arguments.server, folder / "template", folder / "run")
        with pairly.started() as (server, people):
            try:
                for minute in minutes_of(arguments.minutes, load, server, people):
                    minutes.append(minute)
                    print(minute.row(len(minutes)), flush=True)
            except LoadFailed as error:
                failures.append(str(error))
    if minutes and not arguments.quick:
        failures += verdict(minutes, arguments.rate)
    growth = growth_a_minute(minutes)
    told = "too short to judge its growth" if growth is None else f"{growth:+.2f} MiB a minute"
    print(f"memory: {told}")
    print(f"FAILED: {'; '.join(failures)}" if failures else "HELD: nothing lost, nothing refused")
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--users", type=int, default=40, help="people, two of whom make a pair")
    parser.add_argument("--rate", type=float, default=100, help="messages and calls a second")
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="daphne")
    parser.add_argument("--quick", action="store_true", help="a smoke test: minutes of a second")
    arguments = parser.parse_args()
    if arguments.minutes < 1 or arguments.users < 2 or arguments.users % 2:
        parser.error("at least one minute, and an even number of people")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
