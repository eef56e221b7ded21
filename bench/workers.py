"""Contestants that are processes of their own on the server's core, asked for one cell after
another."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.servers import ROOT, SERVER_CORE, on_core

__all__ = ["Cell", "Worker", "answer_cells", "say", "working"]

Cell = Callable[[int], dict[str, Any]]


class Worker:
    """A contestant that answers one JSON line with another."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, cell: str, count: int) -> dict[str, Any]:
        """What the cell came to. Raises ``RuntimeError`` if the contestant died."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([cell, count]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended while it was asked for {cell}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def rate(self, cell: str, count: int) -> float:
        """How many a second."""
        return count / float(self.ask(cell, count)["seconds"])


@contextmanager
def working(
    module: str, environment: Mapping[str, str], *arguments: str, core: int = SERVER_CORE
) -> Iterator[Worker]:
    """``python -m module arguments``, ended by the end of its input."""
    with on_core(core):  # a child inherits it
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        yield Worker(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def answer_cells(*cells: Cell) -> None:
    """The worker's side: its functions are the cells, by their names."""
    known = {cell.__name__: cell for cell in cells}
    for line in sys.stdin:
        name, count = json.loads(line)
        print(json.dumps(known[name](count)), flush=True)


def say(what: str) -> None:
    print(f"# {what}", file=sys.stderr, flush=True)
