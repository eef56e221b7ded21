"""``python -m bench.profile chat --server uvicorn``: where the server's time goes under load.

py-spy watches the server from the load's core and counts the stacks of whoever holds the GIL;
the tables show which functions were at the top (own time) and which were anywhere on the stack.
The raw stacks stay in ``--out`` for a flame graph (speedscope.app reads them).
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cells import Outcome, details_of
from bench.contestants import Contestant, Pairly, Plain, Relay, Server, make_template
from bench.load import Load, run
from bench.servers import LOAD_CORE, ROOT, Running, on_core

__all__ = ["main"]

ROWS = 40
SAMPLES_PER_SECOND = 250
START_SECONDS = 1.0


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
    extra = ["--idle" if arguments.idle else "--gil", *(["--native"] if arguments.native else [])]
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    name = f"{arguments.contestant}-{arguments.server}"
    raw = out / f"{name}.stacks"
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as folder:
        contestant = _contestant(arguments.contestant, arguments.server, Path(folder))
        outcome = _run(contestant, arguments.seconds, arguments.rate, raw, extra)
    print(details_of(name, [outcome]))
    report = "\n".join(_tables(Stacks.read(raw)))
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
    parser.add_argument("--idle", action="store_true", help="threads without the GIL as well")
    parser.add_argument("--native", action="store_true", help="C functions too: slow, but honest")
    parser.add_argument("--out", default=str(ROOT / "var" / "profiles"))
    return parser.parse_args()


def _contestant(name: str, server: Server, folder: Path) -> Contestant:
    if name == "relay":
        return Relay(server)
    if name == "plain":
        return Plain(server, folder / "plain")
    make_template(folder / "template")
    return Pairly(server, folder / "template")


def _run(
    contestant: Contestant, seconds: float, rate: float | None, raw: Path, extra: Sequence[str]
) -> Outcome:
    """The sampler starts with the measured time and ends a little before it."""
    load = Load(seconds + START_SECONDS, START_SECONDS, contestant.receipts, rate=rate)
    samplers: list[subprocess.Popen[bytes]] = []
    cpu_seconds: list[float] = []
    with contestant.started() as (server, people):

        def on_edge() -> None:
            cpu_seconds.append(server.cpu_seconds())
            if not samplers:
                samplers.append(_sampler(server, seconds, raw, extra))

        figures = run(load, people, server.port, on_edge=on_edge)
        _wait(samplers[0])
        cpu_share = (cpu_seconds[1] - cpu_seconds[0]) / load.seconds
        return Outcome(figures, server.resident_mebibytes(), cpu_share)


def _sampler(
    server: Running, seconds: float, raw: Path, extra: Sequence[str]
) -> "subprocess.Popen[bytes]":
    program = str(Path(sys.executable).with_name("py-spy"))
    command = [program, "record", "--pid", str(server.pid), "--format", "raw", "--function"]
    command += ["--rate", str(SAMPLES_PER_SECOND), "--duration", f"{seconds:.0f}"]
    command += ["--output", str(raw), "--threads"]
    command += extra
    with on_core(LOAD_CORE):
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait(sampler: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + 30
    while sampler.poll() is None and time.monotonic() < give_up_at:
        time.sleep(0.1)
    if sampler.poll() != 0:
        sampler.kill()
        raise RuntimeError(f"py-spy ended with {sampler.returncode}; it may need more rights")


def _tables(stacks: Stacks) -> Iterator[str]:
    yield f"{stacks.total} samples"
    for title, counts in (("own time", stacks.own()), ("on the stack", stacks.inclusive())):
        yield f"\n{title}"
        for frame, count in counts.most_common(ROWS):
            yield f"{count / stacks.total:7.1%}  {frame}"


if __name__ == "__main__":
    main()
