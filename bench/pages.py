"""Pages of reports in the admin through the server: how long they take, what the server holds, and
ingest meanwhile. The events and their files are in the folder already.
"""

import re
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx

from bench.contestants import pairly_environment, run_python
from bench.report import Line, at_most
from bench.servers import LOAD_CORE, Running, free_port, serving
from bench.workers import Worker, say, working

__all__ = ["Pages", "lines"]

FROM_ROLLUPS = ("activity", "retention")
FROM_EVENTS = ("funnels", "acquisition", "features", "quality", "value")
SECONDS_MAX = 1
MEBIBYTES_MAX = 1024
PEOPLE, BATCH = 200, 100
STAFF, PASSWORD = "bench@example.org", "calm-lighthouse-77"
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What is asked for: the days, how often, and how many events come meanwhile."""

    first: date
    last: date
    rounds: int
    ingested: int


@dataclass(slots=True)
class Measured:
    seconds: dict[str, list[float]] = field(default_factory=dict)
    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    mebibytes: float = 0


def lines(folder: Path, asked: Pages, events: str) -> Iterator[Line]:
    """``events`` says how many there are."""
    found = _measured(folder, asked)
    for goal, names in ((at_most(1), FROM_ROLLUPS), (None, FROM_EVENTS)):
        for name in names:
            seconds = found.seconds[name]
            yield Line(
                f"page of {name}, {events} : a second",
                *(goal, statistics.median(seconds) / SECONDS_MAX),
                *(statistics.median(seconds), SECONDS_MAX, "s"),
                (f"slowest of {len(seconds)}: {max(seconds):.2f} s",),
            )
    yield Line(
        f"memory of the server that makes reports, {events} : 1 GiB",
        *(at_most(1), found.mebibytes / MEBIBYTES_MAX, found.mebibytes, MEBIBYTES_MAX, "MiB"),
        ("its peak after every page, and all of them by two people at once during ingest",),
    )
    yield Line.of_rounds(
        "ingest while reports run : ingest alone",
        *(None, found.beside, found.alone, "events/s"),
        ("two people open page after page; ingest has the other core and the same database",),
    )


def _measured(folder: Path, asked: Pages) -> Measured:
    environment, found = pairly_environment(folder), Measured()
    with (
        _opened(folder) as (server, staff),
        working(
            "bench.events_worker", environment, str(PEOPLE), str(BATCH), core=LOAD_CORE
        ) as worker,
    ):
        worker.ask("taken", asked.ingested)  # warm-up
        _look_at_pages(staff, asked, found)
        found.alone = _ingested(worker, asked, "alone")
        with _looking(staff, asked), _looking(staff, asked):
            found.beside = _ingested(worker, asked, "beside reports")
        found.mebibytes = server.peak_mebibytes()
        say(f"memory of the server: {found.mebibytes:.0f} MiB")
    return found


def _look_at_pages(staff: httpx.Client, asked: Pages, found: Measured) -> None:
    for number in range(asked.rounds + 1):
        for name in (*FROM_ROLLUPS, *FROM_EVENTS):
            seconds = _opened_in(staff, name, asked)
            say(f"{'warm-up' if number == 0 else f'round {number}'}: {name}: {seconds:.2f} s")
            if number:
                found.seconds.setdefault(name, []).append(seconds)


def _ingested(worker: Worker, asked: Pages, what: str) -> list[float]:
    rates = []
    for number in range(asked.rounds):
        rates.append(worker.rate("taken", asked.ingested))
        say(f"round {number + 1}: ingest {what}: {rates[-1]:,.0f}/s")
    return rates


@contextmanager
def _looking(staff: httpx.Client, asked: Pages) -> Iterator[None]:
    """Somebody opens one page after another meanwhile."""
    done, failures = threading.Event(), list[Exception]()

    def look() -> None:
        try:
            while not done.is_set():
                for name in (*FROM_ROLLUPS, *FROM_EVENTS):
                    _opened_in(staff, name, asked)
        except Exception as error:  # told by who waits for this
            failures.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if failures:
        raise failures[0]


def _opened_in(staff: httpx.Client, name: str, asked: Pages) -> float:
    """How many seconds the page took."""
    started = time.perf_counter()
    days = {"first": f"{asked.first}", "last": f"{asked.last}"}
    answer = staff.get(f"/admin/analytics/{name}/", params=days)
    seconds = time.perf_counter() - started
    if answer.status_code != 200 or "<tbody>" not in answer.text:
        raise RuntimeError(f"the page of {name} answered {answer.status_code} or shows nothing")
    return seconds


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Running, httpx.Client]]:
    """The server over the folder, and a browser in which an analyst is at home."""
    environment, port = pairly_environment(folder), free_port()
    command = ["manage.py", "serve", "--no-demo", "--host", "127.0.0.1", "--port", str(port)]
    known = {**environment, "PAIRLY_STAFF_PASSWORD": PASSWORD}
    run_python(["manage.py", "create_staff", STAFF, "--role", "analyst"], known)
    with (
        serving(command, port, environment) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as staff,
    ):
        _posted(staff, "/admin/login/", {"email": STAFF, "password": PASSWORD})
        code = run_python(["manage.py", "staff_code", STAFF], environment).split()[-1]
        _posted(staff, "/admin/second-factor/", {"code": code})
        yield server, staff


def _posted(staff: httpx.Client, address: str, values: dict[str, str]) -> None:
    page = staff.get(address)
    (token,) = CSRF.findall(page.text)[:1]
    answer = staff.post(address, data={**values, "csrfmiddlewaretoken": token})
    if answer.status_code != 302:
        raise RuntimeError(f"{address} answered {answer.status_code}: {answer.text[-1000:]}")
