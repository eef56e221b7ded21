"""What every benchmark module yields, and the one table that is printed.

A module of ``bench`` has ``lines(quick: bool) -> Iterator[Line]``. It measures both sides in
turn, in at least five rounds (one round with ``quick``), and yields a line as soon as it has it.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Goal", "Line", "Lines", "at_least", "at_most", "render"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for a ratio, and the farther bound at the edge of what is possible."""

    bound: Literal["at least", "at most"]
    value: float
    edge: float | None = None

    def is_met_by(self, ratio: float) -> bool:
        return self._holds(ratio, self.value)

    def is_edge_met_by(self, ratio: float) -> bool:
        return self.edge is not None and self._holds(ratio, self.edge)

    def _holds(self, ratio: float, value: float) -> bool:
        return ratio >= value if self.bound == "at least" else ratio <= value

    def __str__(self) -> str:
        edge = "" if self.edge is None else f", then {self.edge:g}"
        return f"{self.bound} {self.value:g}{edge}"


def at_least(value: float, *, edge: float | None = None) -> Goal:
    return Goal("at least", value, edge)


def at_most(value: float, *, edge: float | None = None) -> Goal:
    return Goal("at most", value, edge)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: ours over theirs, both medians in the same unit.

    ``details`` are sentences printed below the table (latencies, memory, what is held fixed).
    A line without a goal is there to be read, not judged.
    """

    name: str
    goal: Goal | None
    ratio: float | None
    ours: float
    theirs: float | None
    unit: str
    details: tuple[str, ...] = field(default=())

    @classmethod
    def of_rounds(
        cls,
        name: str,
        goal: Goal | None,
        ours: Sequence[float],
        theirs: Sequence[float],
        unit: str,
        details: Sequence[str] = (),
    ) -> "Line":
        """A line of interleaved rounds: its ratio is the median of the rounds' ratios, since the
        two neighbours of one round shared the machine's mood and two medians did not."""
        ratios = [mine / yours for mine, yours in zip(ours, theirs, strict=True)]
        return cls(
            name=name,
            goal=goal,
            ratio=statistics.median(ratios),
            ours=statistics.median(ours),
            theirs=statistics.median(theirs),
            unit=unit,
            details=(*details, f"ratio by round: {', '.join(f'{ratio:.2f}' for ratio in ratios)}"),
        )

    @property
    def verdict(self) -> str:
        """``reached``, ``beyond`` (the edge too), ``MISSED``, or nothing without a goal."""
        if self.goal is None or self.ratio is None:
            return ""
        if not self.goal.is_met_by(self.ratio):
            return "MISSED"
        return "beyond" if self.goal.is_edge_met_by(self.ratio) else "reached"


Lines = Callable[[bool], Iterator[Line]]


HEADINGS = ("what", "ours", "theirs", "unit", "ratio", "goal", "")


def render(lines: Sequence[Line]) -> str:
    """The table as Markdown that also reads well in a terminal, then the details of each line."""
    rows = [HEADINGS, *map(_cells, lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    table = [_row(row, widths) for row in rows]
    table.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    details = [
        f"{line.name}\n" + "\n".join(f"  - {detail}" for detail in line.details)
        for line in lines
        if line.details
    ]
    return "\n".join(table) + ("\n\n" + "\n".join(details) if details else "") + "\n"


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.name,
        _number(line.ours),
        _number(line.theirs),
        line.unit,
        _number(line.ratio),
        "" if line.goal is None else str(line.goal),
        line.verdict,
    )


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(map(str.ljust, cells, widths)) + " |"


def _number(value: float | None) -> str:
    """Three significant places, thousands apart: ``12,300``, ``3.21``, ``0.0456``."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
