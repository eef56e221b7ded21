"""Each definition of docs/analytics.md against figures that were worked out by hand.

A file of ``golden/`` tells a small story (``why``), its people (when they registered, and their
country), its events (``passive``: no activity; ``id=``: what orders events of one instant), and for
each question the rows that it should give: ``-`` for what is not known, ``yes`` and ``no``.
"""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from analytics.reports.asking import asked_of
from analytics.reports.serializers import fields_of
from analytics.reports.tests.frames import Happened, Registered, at, frames, person

FILES = sorted((Path(__file__).parent / "golden").glob("*.json"))


def number_of(name: str, names: list[str]) -> UUID:
    return person(names.index(name) + 1)


def people_of(story: Any) -> Iterator[Registered]:
    names = list(story["people"])
    for name, text in story["people"].items():
        parts = text.split()
        country = parts.pop() if parts[-1].isalpha() else ""
        yield Registered(user_id=number_of(name, names), at=at(" ".join(parts)), country=country)


def events_of(story: Any) -> Iterator[Happened]:
    names, ids = list(story["people"]), count(1)
    for line in story["events"]:
        name, day, time, event, *rest = line.split()
        facts = dict(one.split("=") for one in rest if "=" in one)
        event_id = UUID(int=int(facts.pop("id", next(ids))))
        yield Happened(
            user_id=number_of(name, names),
            name=event,
            at=at(f"{day} {time}"),
            event_id=event_id,
            props={key: int(one) if one.isdigit() else one for key, one in facts.items()},
            activity="passive" not in rest,
        )


def shown(value: Any) -> str:
    if value is None:
        return "-"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value}"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_definition_gives_what_was_worked_out_by_hand(file: Path) -> None:
    story = json.loads(file.read_text())
    with frames(events_of(story), people_of(story)) as connection:
        for case in story["cases"]:
            asked = asked_of(
                case["report"], fields_of(case["report"], case["query"]), at(story["now"])
            )
            rows = asked.kind.rows(connection, asked.span, asked.options)
            columns = case["columns"].split()
            found = [" ".join(shown(row[name]) for name in columns) for row in rows]
            assert found == case["rows"], (case["report"], case["query"])
            assert all(
                tuple(row) == asked.kind.columns or set(row) == set(asked.kind.columns)
                for row in rows
            )
