"""``python -m bench.profile chat --server uvicorn``: where the server's time goes under load.

py-spy watches the server from the load's core and counts the stacks of whoever holds the GIL;
the tables show which functions were at the top (own time) and which were anywhere on the stack.
Time without the GIL (SQLite, the disk, the kernel) is only in the processor times by thread.
The raw stacks stay in ``--out`` for a flame graph (speedscope.app reads them).
"""

import argparse
import dataclasses
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import Contestant, Pairly, Plain, Relay, Server, make_template
from bench.history import add_history
from bench.load import Load, run
from bench.servers import LOAD_CORE, ROOT, Running, cpu_seconds_of, on_core

__all__ = ["main"]

ROWS = 40
SAMPLES_PER_SECOND = 250
START_SECONDS = 1.0
SHARE_MIN = 0.005

Share = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Stacks:
    """Samples by stack, outermost frame first; a frame is ``function (file)``."""

    counts: Counter[tuple[str, ...]]

    @classmethod
    def read(cls, raw: Path) -> "Stacks":
        counts: Counter[tuple[str, ...]] = Counter()
        for line in raw.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            counts[tuple(stack.split(";"))] += int(count)
        return cls(counts)

    @property
    def total(self) -> int:
        return self.counts.total()

    def thread_names(self) -> dict[int, str]:
        """py-spy's outermost frame is ``thread (4711): writer``."""
        found = (re.match(r"thread \((\d+)\): (.*)", stack[0]) for stack in self.counts)
        return {int(match[1]): match[2] for match in found if match}

    def own(self) -> Counter[str]:
        own: Counter[str] = Counter()
        for stack, count in self.counts.items():
            own[stack[-1]] += count
        return own

    def inclusive(self) -> Counter[str]:
        inclusive: Counter[str] = Counter()
        for stack, count in self.counts.items():
            for frame in set(stack):
                inclusive[frame] += count
        return inclusive


def main() -> None:
    arguments = _arguments()
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    name = f"{arguments.contestant}-{arguments.server}"
    raw = out / f"{name}.stacks"
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as folder:
        contestant = _contestant(arguments, Path(folder))
        threads = _run(contestant, arguments.seconds, arguments.rate, raw, arguments.native)
    report = "\n".join(_tables(Stacks.read(raw), threads))
    (out / f"{name}.txt").write_text(report)
    print(report)
    print(f"stacks: {raw}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("what", choices=["chat"])
    parser.add_argument("--server", choices=["daphne", "uvicorn"], default="daphne")
    parser.add_argument("--contestant", choices=["pairly", "relay", "plain"], default="pairly")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rate", type=float, help="messages a second; without it a closed loop")
    parser.add_argument("--history", type=int, default=0, help="messages stored before")
    parser.add_argument("--native", action="store_true", help="C functions too: slow, but honest")
    parser.add_argument("--out", default=str(ROOT / "var" / "profiles"))
    return parser.parse_args()


def _contestant(arguments: argparse.Namespace, folder: Path) -> Contestant:
    server: Server = arguments.server
    if arguments.contestant == "relay":
        return Relay(server)
    if arguments.contestant == "plain":
        return Plain(server, folder / "plain")
    make_template(folder / "template")
    if arguments.history:
        add_history(folder / "template", arguments.history)
    return Pairly(server, folder / "template")


def _run(
    contestant: Contestant, seconds: float, rate: float | None, raw: Path, native: bool
) -> dict[int, Share]:
    """Two loads on one server: undisturbed for the processor times by thread, then sampled."""
    load = Load(seconds, 1, contestant.receipts, rate=rate)
    times: list[dict[int, tuple[float, float]]] = []
    samplers: list[subprocess.Popen[bytes]] = []
    with contestant.started() as (server, people):
        figures = run(load, people, server.port, on_edge=lambda: times.append(_times(server.pid)))
        print(f"undisturbed: {figures.messages_per_second:,.0f} messages/s", flush=True)

        def on_edge() -> None:
            if not samplers:
                samplers.append(_sampler(server, seconds, raw, native))

        longer = dataclasses.replace(load, seconds=seconds + START_SECONDS)
        figures = run(longer, people, server.port, on_edge=on_edge)
        print(f"sampled: {figures.messages_per_second:,.0f} messages/s", flush=True)
        _wait(samplers[0])
    before, after = times
    return {
        thread: tuple(
            (now - then) / seconds
            for now, then in zip(spent, before.get(thread, (0, 0)), strict=True)
        )
        for thread, spent in after.items()
    }


def _times(pid: int) -> dict[int, tuple[float, float]]:
    """Processor seconds of each thread so far, in user and system mode."""
    return {
        int(folder.name): cpu_seconds_of(folder / "stat")
        for folder in Path(f"/proc/{pid}/task").iterdir()
    }


def _sampler(server: Running, seconds: float, raw: Path, native: bool) -> "subprocess.Popen[bytes]":
    program = str(Path(sys.executable).with_name("py-spy"))
    command = [program, "record", "--pid", str(server.pid), "--format", "raw", "--function"]
    command += ["--rate", str(SAMPLES_PER_SECOND), "--duration", f"{seconds:.0f}"]
    command += ["--output", str(raw), "--threads"]
    command += ["--gil", *["--native"] * native]
    with on_core(LOAD_CORE):
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait(sampler: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + 30
    while sampler.poll() is None and time.monotonic() < give_up_at:
        time.sleep(0.1)
    if sampler.poll() != 0:
        sampler.kill()
        raise RuntimeError(f"py-spy ended with {sampler.returncode}; it may need more rights")


def _tables(stacks: Stacks, threads: dict[int, Share]) -> Iterator[str]:
    names = stacks.thread_names()
    yield "share of its core by thread, in user and system mode"
    for thread, (user, system) in sorted(threads.items(), key=lambda item: -sum(item[1])):
        if user + system >= SHARE_MIN:
            yield f"{user:7.1%} {system:6.1%}  {names.get(thread, thread)}"
    yield f"\n{stacks.total} samples"
    for title, counts in (("own time", stacks.own()), ("on the stack", stacks.inclusive())):
        yield f"\n{title}"
        for frame, count in counts.most_common(ROWS):
            yield f"{count / stacks.total:7.1%}  {frame}"


if __name__ == "__main__":
    main()
