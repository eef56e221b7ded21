"""Each side tells how good its media are; statistics count it."""

from typing import Any

import pytest

from calling.grades import Grade, grade_of, grade_of_all
from calling.models import Quality
from calling.tests.line import Line
from tests.clients import Person

GOOD = {"rtt_ms": 80, "loss_percent": 0.4, "jitter_ms": 12, "resolution": "1280x720"}
POOR = {"rtt_ms": 900, "loss_percent": 12, "jitter_ms": 12}


@pytest.mark.mongodb
def test_reports_of_both_sides(line: Line) -> None:
    def report(who: Person, body: Any) -> Any:
        answer = who.http.post(f"calls/{line.call}/quality", json=body)
        return answer.json().get("grade") or (answer.status_code, answer.json()["code"])

    line.invite("video")
    line.accept()
    assert report(line.ava, GOOD) == (409, "conflict")
    line.connect()
    assert [report(line.ava, GOOD) for _again in range(3)] == ["good"] * 3
    assert report(line.ava, GOOD | {"jitter_ms": 40, "resolution": ""}) == "fair"
    assert report(line.ben, POOR) == "poor"
    assert report(line.ava_tablet, GOOD) == (409, "conflict")
    assert report(Person.register(line.url, "Cleo"), GOOD) == (404, "not_found")
    for wrong in ({"rtt_ms": -1}, {"loss_percent": 101}, {"resolution": "big"}, {"bitrate": 3}):
        assert report(line.ava, GOOD | wrong) == (400, "validation_error")
    line.ask(line.phone, "end")
    assert report(line.ben, POOR) == "poor"  # a last word
    hers, his = (Quality.objects.get(user_id=who.id) for who in (line.ava, line.ben))
    assert (hers.version, hers.good, hers.grade, hers.resolution) == (4, 3, "good", "")
    assert (hers.rtt_ms, hers.jitter_ms, hers.loss_percent) == (80, 19, 0.4)
    assert (his.version, his.poor, his.grade) == (2, 2, "poor")
    assert line.ben.call("GET", "calls/statistics")["quality"] == {"good": 0, "fair": 0, "poor": 1}


@pytest.mark.parametrize(
    ("rtt_ms", "loss_percent", "jitter_ms", "grade"),
    [
        (300, 2, 30, Grade.GOOD),
        (301, 2, 30, Grade.FAIR),
        (300, 2.1, 30, Grade.FAIR),
        (600, 8, 80, Grade.FAIR),
        (601, 0, 0, Grade.POOR),
        (0, 8.1, 0, Grade.POOR),
        (0, 0, 81, Grade.POOR),
    ],
)
def test_the_rule(rtt_ms: int, loss_percent: float, jitter_ms: int, grade: Grade) -> None:
    assert grade_of(rtt_ms=rtt_ms, loss_percent=loss_percent, jitter_ms=jitter_ms) is grade


def test_the_rule_of_all_reports() -> None:
    assert grade_of_all(reports=4, good=3, poor=0) is Grade.GOOD
    assert grade_of_all(reports=4, good=2, poor=0) is Grade.FAIR
    assert grade_of_all(reports=4, good=3, poor=1) is Grade.POOR
