"""The load: pairs of sockets, one writing to the other, in a closed loop or paced.

One process on uvloop and picows (both in C), so that the client is not the limit; its share of
its core is one of the figures. A message counts when all it should cause has come back: acked
to the sender, pushed to the peer, whose receipt reached the sender.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import uvloop

from bench.pairs import Pair, Person, Tally
from bench.servers import LOAD_CORE, on_core

__all__ = ["Figures", "Load", "LoadFailed", "Quantiles", "run"]

CONNECTING_AT_ONCE = 20
READY_SECONDS_MAX = 30
DRAIN_SECONDS_MAX = 20
POLL_SECONDS = 0.02


class LoadFailed(RuntimeError):
    """The server refused, lost, doubled or disordered something: its figures are worthless."""


@dataclass(frozen=True, slots=True)
class Load:
    """A closed loop of ``in_flight`` messages a pair, or ``rate`` messages a second in all.

    ``receipts`` is False for a server that only relays: there a message counts on arrival.
    ``pair`` says what two people do to each other, if not chat.
    """

    seconds: float
    warm_up_seconds: float
    receipts: bool = True
    in_flight: int = 4
    rate: float | None = None
    pair: Callable[..., Pair] = Pair


@dataclass(frozen=True, slots=True)
class Quantiles:
    """In milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Quantiles | None":
        if not seconds:
            return None
        ranked = sorted(seconds)
        last = len(ranked) - 1
        return cls(ranked[round(last * 0.50)] * 1000, ranked[round(last * 0.99)] * 1000)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave. Latencies count from the moment a message was written to its socket;
    ``behind`` is how much later than planned that was, when paced."""

    messages_per_second: float
    ack: Quantiles | None
    delivery: Quantiles | None
    receipt: Quantiles | None
    behind: Quantiles | None
    client_cpu_share: float


@dataclass(slots=True)
class _Clocks:
    """Wall and processor time of this process since it was made."""

    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)


def run(
    load: Load, people: Sequence[Person], port: int, *, on_edge: Callable[[], None] = lambda: None
) -> Figures:
    """People in pairs, the first of each writing to the second. Raises ``LoadFailed``.

    ``on_edge`` is called when the measured time begins and again when it ends.
    """
    with on_core(LOAD_CORE):
        gc.collect()
        gc.disable()
        try:
            return uvloop.run(_run(load, people, port, on_edge))
        finally:
            gc.enable()


async def _run(
    load: Load, people: Sequence[Person], port: int, on_edge: Callable[[], None]
) -> Figures:
    tally = Tally()
    pairs = [
        load.pair(sender, receiver, tally, receipts=load.receipts)
        for sender, receiver in zip(people[::2], people[1::2], strict=True)
    ]
    try:
        await _open(pairs, port)
        return await _measure(load, pairs, tally, on_edge)
    finally:
        for pair in pairs:
            pair.close()
        await asyncio.sleep(POLL_SECONDS)


async def _open(pairs: Sequence[Pair], port: int) -> None:
    """Connect all, then one message each, so that every conversation exists."""
    url = f"ws://127.0.0.1:{port}/ws/"
    for start in range(0, len(pairs), CONNECTING_AT_ONCE):
        some = pairs[start : start + CONNECTING_AT_ONCE]
        await asyncio.gather(*(pair.connect(url) for pair in some))
    await _until(lambda: all(pair.is_ready for pair in pairs), pairs, READY_SECONDS_MAX)
    for pair in pairs:
        pair.send()
    await _until(lambda: not any(pair.in_flight for pair in pairs), pairs, READY_SECONDS_MAX)


async def _measure(
    load: Load, pairs: Sequence[Pair], tally: Tally, on_edge: Callable[[], None]
) -> Figures:
    if load.rate is None:
        for pair in pairs:
            pair.keep_in_flight(load.in_flight)
        pacer = None
    else:
        pacer = asyncio.create_task(_pace(pairs, load.rate, tally))
    await _watch(pairs, load.warm_up_seconds)
    tally.clear()
    on_edge()
    before = _Clocks()
    await _watch(pairs, load.seconds)
    # A rate of nothing says nothing: on a busy machine a short time waits for its first message.
    await _until(lambda: tally.counted > 0, pairs, DRAIN_SECONDS_MAX)
    figures = _figures(tally, before, _Clocks())
    on_edge()
    if pacer is not None:
        pacer.cancel()
    for pair in pairs:
        pair.keep_in_flight(0)
    await _until(lambda: not any(pair.in_flight for pair in pairs), pairs, DRAIN_SECONDS_MAX)
    return figures


async def _pace(pairs: Sequence[Pair], rate: float, tally: Tally) -> None:
    """A message every ``1 / rate`` seconds whatever the server does, the pairs taking turns."""
    started = time.perf_counter()
    for number, pair in enumerate(cycle(pairs)):
        due = started + number / rate
        while (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tally.behind.append(time.perf_counter() - due)
        pair.send()


async def _watch(pairs: Sequence[Pair], seconds: float) -> None:
    """Let the load run, and stop at once when something is wrong."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        _check(pairs)
        await asyncio.sleep(min(left, 0.2))
    _check(pairs)


async def _until(condition: Callable[[], bool], pairs: Sequence[Pair], seconds_max: float) -> None:
    give_up_at = time.perf_counter() + seconds_max
    while not condition():
        _check(pairs)
        if time.perf_counter() > give_up_at:
            open_messages = sum(pair.in_flight for pair in pairs)
            raise LoadFailed(f"{open_messages} messages unfinished after {seconds_max} s")
        await asyncio.sleep(POLL_SECONDS)


def _check(pairs: Sequence[Pair]) -> None:
    for pair in pairs:
        if pair.failure is not None:
            raise LoadFailed(pair.failure)


def _figures(tally: Tally, before: _Clocks, after: _Clocks) -> Figures:
    wall_seconds = after.wall - before.wall
    return Figures(
        messages_per_second=tally.counted / wall_seconds,
        ack=Quantiles.of(tally.acks),
        delivery=Quantiles.of(tally.deliveries),
        receipt=Quantiles.of(tally.receipts),
        behind=Quantiles.of(tally.behind),
        client_cpu_share=(after.cpu - before.cpu) / wall_seconds,
    )
