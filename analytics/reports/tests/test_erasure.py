"""Somebody who deletes their account is in no report, no file and no export from then on."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import duckdb
import pytest
import time_machine

from analytics import files, tasks
from analytics.models import Event, SetAside
from analytics.services.moving import move_all
from pairly.accounts.tests.callers import PASSWORD, Person
from pairly.core import clock
from pairly.outbox.dispatch import dispatch_all
from pairly.staff.tests.people import staff_api

ROUTE = "/api/v1/analytics"
STEPS = {"steps": "screen_viewed,search_made"}


def told(person: Person, *names: str) -> None:
    props = {"screen_viewed": {"screen": "home"}, "search_made": {"results": 3}}
    at = clock.now() - timedelta(minutes=len(names))
    events = [
        {
            "id": f"{place}",
            "name": name,
            "at": clock.to_rfc3339(at + timedelta(seconds=place)),
            "props": props.get(name, {}),
        }
        for place, name in enumerate(names)
    ]
    assert person.api.post("analytics/events", events=events).status_code == 202


def people_in_files() -> set[UUID]:
    names = [name for name in files.stored_names() if "counts" not in name]
    every = duckdb.read_parquet([files.local_path(name) for name in names], union_by_name=True)
    return {user_id for (user_id,) in every.select("user_id").distinct().fetchall()}


@pytest.mark.mongodb
def test_who_deletes_their_account_is_in_no_report_file_or_export(join: Any) -> None:
    ava, ben = join(), join()
    finance = staff_api("finance")

    def funnel() -> list[int]:
        kept = finance.get(saved).json()
        answer = finance.get(f"{ROUTE}/{kept['kind']}", kept["query"]).json()
        return [*(one["people"] for one in answer["results"]), answer["erased_people"]]

    def exported() -> set[str]:
        query = {"report": "events", "format": "ndjson"}
        answer: Any = finance.get(f"{ROUTE}/export", query)
        lines = b"".join(answer.streaming_content).splitlines()
        return {json.loads(line)["user_id"] for line in lines}

    for person in (ava, ben):
        told(person, "screen_viewed", "search_made", "nonsense")
    dispatch_all()
    move_all(clock.now())
    tasks.write_people()
    told(ava, "session_started", "screen_viewed", "search_made", "profile_viewed")
    wanted = {"name": "Looked and searched", "kind": "funnels", "query": STEPS}
    saved = (
        f"{ROUTE}/reports/{finance.post(f'{ROUTE}/reports', wanted, format='json').json()['id']}"
    )
    assert funnel() == [2, 2, 0]
    assert exported() == {ava.id, ben.id}
    assert {one["name"] for one in ava.api.get("me/export").json()["events"]} >= {
        *("user.registered", "screen_viewed", "profile_viewed"),
    }

    assert ava.api.delete("me", password=PASSWORD).status_code == 204
    dispatch_all()
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        assert tasks.erase_forgotten() == 1
        assert funnel() == [1, 1, 1], "the total is marked"
        assert exported() == {ben.id}
        assert not Event.objects.filter(user_id=ava.id).exists()
        assert set(SetAside.objects.values_list("user_id", flat=True)) == {UUID(ben.id)}
        assert tasks.erase_forgotten() == 0
    with time_machine.travel(clock.now() + timedelta(hours=3)):
        tasks.remove_stray_files()
    assert people_in_files() == {UUID(ben.id)}
