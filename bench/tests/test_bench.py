"""The benchmarks run and print their lines; nothing here asserts a time."""

import os
import subprocess
import sys
from typing import Any

import pytest

from bench.report import Goal, Line, at_least, at_most, render
from bench.servers import ROOT
from bench.soak import Minute, verdict
from tests.sizes import examples

CHAT_LINES = [
    "chat, Daphne : stock relay",
    "chat, Daphne : plain way",
    "chat, uvicorn : stock relay",
    "chat, uvicorn, 2,000 messages : empty",
    "chat delivery p99 at 500/s : relay's at 1,000/s, Daphne",
]


IDLE_LINES = [
    "50 idle sockets, Daphne, memory : stock consumer",
    "50 idle sockets, uvicorn, all back and caught up : all back",
]

EPHEMERAL_LINES = [
    "heartbeats : echo of the same frames",
    "typing among 20 sockets : groups of the in-memory layer",
]

WEBHOOK_LINES = [
    "webhook intake : one bare insert a commit",
    "webhook intake, the whole request : one bare insert a commit",
]


REPORT_LINES = [
    "reports over 20,000 events : hand-written DuckDB",
    "active people and retention from roll-ups, 20,000 events : the same",
    "page of activity, 20,000 events : a second",
    "page of value, 20,000 events : a second",
    "memory of the server that makes reports, 20,000 events : 1 GiB",
    "ingest while reports run : ingest alone",
]


CALL_LINES = [
    "call set-up p99 at 50/s : its median at 5/s, Daphne",
    "calls set up and ended, Daphne",
]


SMOKE_RUNS = [
    ("webhooks", WEBHOOK_LINES),
    ("chat", CHAT_LINES),
    ("idle", IDLE_LINES),
    ("calls", CALL_LINES),
    ("ephemeral", EPHEMERAL_LINES),
    ("reports", REPORT_LINES),
]
"""Each takes half a minute of starting servers: at the desk the first one is enough."""


@pytest.mark.parametrize(("module", "lines"), SMOKE_RUNS[: examples(small=1, ci=6, torture=6)])
def test_the_smoke_run_prints_every_line(module: str, lines: list[str]) -> None:
    printed = run_quickly("bench.run", "--only", module)
    for line in lines:
        assert f"| {line} " in printed


@pytest.mark.ci
def test_a_short_soak_ends_with_its_verdict() -> None:
    printed = run_quickly("bench.soak", "--minutes", "2", "--users", "8", "--rate", "20")
    assert "memory: too short" in printed and "\nHELD: " in printed


def run_quickly(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, "--quick", *arguments],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("DJANGO_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def minutes(**changes: list[float]) -> list[Minute]:
    """Nine of them that held, but for what is changed in each."""
    good = {"per_second": 100.0, "delivery_p99_ms": 9.0, "reads": 50, "read_errors": 0}
    good |= {"mebibytes": 200.0, "open_files": 30}
    columns = {name: changes.get(name, [value] * 9) for name, value in good.items()}
    rows = zip(*columns.values(), strict=True)
    return [Minute(**dict(zip(columns, row, strict=True))) for row in rows]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, None),
        ({"mebibytes": [100, 150, 190, 200, 201, 201, 201, 202, 202]}, None),  # caches fill
        ({"mebibytes": [200 + 3 * number for number in range(9)]}, "memory grows by 3.00 MiB"),
        ({"open_files": [30 + 2 * number for number in range(9)]}, "16 files more are open"),
        ({"per_second": [40, *[100] * 7, 80]}, "1 minutes stayed below 90% of 100/s"),
        ({"read_errors": [0] * 8 + [2]}, "2 reads failed"),
    ],
)
def test_a_soak_says_what_did_not_hold(changes: Any, sentence: str | None) -> None:
    found = verdict(minutes(**changes), rate=100)
    assert [one.startswith(sentence or "") for one in found] == ([True] if sentence else [])


@pytest.mark.parametrize(
    ("goal", "ratio", "verdict"),
    [
        (at_least(0.7, edge=1.0), 0.69, "MISSED"),
        (at_least(0.7, edge=1.0), 0.7, "reached"),
        (at_least(0.7, edge=1.0), 1.2, "beyond"),
        (at_most(2), 2.1, "MISSED"),
        (at_most(2), 1.9, "reached"),
        (None, 1.9, ""),
    ],
)
def test_a_line_says_whether_its_goal_is_reached(
    goal: Goal | None, ratio: float, verdict: str
) -> None:
    line = Line("chat", goal, ratio, ours=ratio * 1000, theirs=1000, unit="messages/s")
    assert line.verdict == verdict
    assert "| chat" in render([line])


def test_the_ratio_of_a_line_is_the_median_of_its_rounds() -> None:
    line = Line.of_rounds("chat", None, [10, 30, 20], [10, 10, 10], "messages/s")
    assert (line.ratio, line.ours, line.theirs) == (2, 20, 10)
