"""Cells: one contestant under one load for some seconds, and rounds of cells in turn."""

import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.contestants import Contestant
from bench.load import Figures, Load, Quantiles, run

__all__ = ["Cell", "Outcome", "details_of", "rates", "rounds_of"]


@dataclass(frozen=True, slots=True)
class Cell:
    contestant: Contestant
    load: Load


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of the load, and what the server took for it."""

    figures: Figures
    server_mebibytes: float
    server_cpu_share: float


def rounds_of(cells: Mapping[str, Cell], rounds: int) -> dict[str, list[Outcome]]:
    """Every cell once per round, one after the other, each on a server of its own.

    Every other round runs backwards, so that no cell always follows the same neighbour.
    """
    outcomes: dict[str, list[Outcome]] = {name: [] for name in cells}
    for number in range(rounds):
        for name in list(cells)[:: -1 if number % 2 else 1]:
            outcome = _measure(cells[name])
            outcomes[name].append(outcome)
            rate = outcome.figures.messages_per_second
            print(f"# round {number + 1}: {name}: {rate:,.0f}/s", file=sys.stderr, flush=True)
    return outcomes


def _measure(cell: Cell) -> Outcome:
    with cell.contestant.started() as (server, people):
        cpu_seconds: list[float] = []
        figures = run(
            cell.load,
            people,
            server.port,
            on_edge=lambda: cpu_seconds.append(server.cpu_seconds()),
        )
        return Outcome(
            figures=figures,
            server_mebibytes=server.resident_mebibytes(),
            server_cpu_share=(cpu_seconds[1] - cpu_seconds[0]) / cell.load.seconds,
        )


def rates(outcomes: list[Outcome]) -> list[float]:
    return [outcome.figures.messages_per_second for outcome in outcomes]


def details_of(name: str, outcomes: list[Outcome]) -> str:
    """Medians over the rounds, in a sentence."""
    figures = [outcome.figures for outcome in outcomes]
    parts = [f"{name}: {statistics.median(rates(outcomes)):,.0f} messages/s"]
    parts += _latencies("ack", figures, lambda each: each.ack)
    parts += _latencies("delivery", figures, lambda each: each.delivery)
    parts += _latencies("receipt", figures, lambda each: each.receipt)
    parts += _latencies("pacer behind", figures, lambda each: each.behind)
    memory = statistics.median(outcome.server_mebibytes for outcome in outcomes)
    server = statistics.median(outcome.server_cpu_share for outcome in outcomes)
    client = statistics.median(each.client_cpu_share for each in figures)
    each = statistics.median(
        outcome.server_cpu_share / outcome.figures.messages_per_second * 1e6 for outcome in outcomes
    )
    parts += [f"server {memory:.0f} MiB, {server:.0%} of its core, {each:.0f} us a message"]
    parts += [f"client {client:.0%} of its"]
    return ", ".join(parts)


def _latencies(
    name: str, figures: list[Figures], of: Callable[[Figures], Quantiles | None]
) -> list[str]:
    found = [quantiles for each in figures if (quantiles := of(each)) is not None]
    if not found:
        return []
    p50 = statistics.median(quantiles.p50 for quantiles in found)
    p99 = statistics.median(quantiles.p99 for quantiles in found)
    return [f"{name} p50/p99 {p50:.3g}/{p99:.3g} ms"]
