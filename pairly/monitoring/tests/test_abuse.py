"""Who keeps running into limits is shown to staff: once in a while, at no cost before."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from pairly.alerts.models import Alert
from tests.clients import Person, Refused

START = "2026-03-01T12:00:00Z"
WAIT_SECONDS_MAX = 20


@pytest.fixture(autouse=True)
def limits(settings: Any, rate_limits: None) -> None:
    settings.RATE_USER_PER_MINUTE = 3
    settings.ALERT_REFUSALS_MAX, settings.ALERT_REFUSALS_MINUTES = 5, 10


def flags() -> list[tuple[str, str, int]]:
    return list(Alert.objects.order_by("key").values_list("kind", "key", "count"))


@pytest.mark.mongodb
def test_a_person_is_flagged_once_in_a_window(join: Any) -> None:
    with time_machine.travel(START, tick=False) as now:
        ava, ben = join("Ava"), join("Ben")
        assert [ava.api.get("me").status_code for _ in range(8)] == [200] * 3 + [429] * 5
        assert flags() == []
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(lambda _: ava.api.get("me").status_code, range(12)))
        assert together == [429] * 12
        assert flags() == [("abuse", ava.id, 1)]
        now.shift(timedelta(minutes=10))
        for person, times in ((ben, 8), (ava, 12)):
            for _ in range(times):
                person.api.get("me")
        assert flags() == [("abuse", ava.id, 2)]


def test_sockets_count_too(live_server_url: str, settings: Any) -> None:
    settings.SYNCS_MAX, settings.SYNCS_WINDOW_SECONDS = 1, 60
    ava = Person.register(live_server_url, "Ava")
    socket = ava.socket()
    socket.command("sync", {"since": socket.position})
    for _ in range(6):
        with pytest.raises(Refused, match="rate_limited"):
            socket.command("sync", {"since": socket.position})
    give_up_at = time.monotonic() + WAIT_SECONDS_MAX
    while not flags() and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert flags() == [("abuse", ava.id, 1)]
