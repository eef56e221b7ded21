"""What the table of states does not allow is refused over both doors, and changes nothing."""

import pytest

from calling.states import ENDINGS, LIVE, Reason, Status, check_ending
from calling.tests.line import Line, code_of
from pairly.core.errors import Conflict

pytestmark = pytest.mark.mongodb

COMMANDS = {"accept", "decline", "cancel", "end", "join", "media", "heartbeat"}
OVER_REST = {"accept", "decline", "cancel", "end", "join"}

ALLOWED = {
    # by the caller, and by the callee
    "ringing": ({"cancel", "join", "heartbeat"}, {"accept", "decline"}),
    "accepted": ({"end", "join", "media", "heartbeat"}, {"end", "join", "media", "heartbeat"}),
    "active": ({"end", "join", "media", "heartbeat"}, {"end", "join", "media", "heartbeat"}),
    "ended": (set(), set()),
}


@pytest.mark.parametrize("status", ALLOWED)
def test_what_is_not_allowed_is_refused(line: Line, status: str) -> None:
    line.invite()
    if status in ("accepted", "active"):
        line.accept()
    if status == "active":
        line.connect()
    if status == "ended":
        line.ask(line.phone, "cancel")
    line.forget()
    before = line.view()
    assert before["status"] == status
    by_caller, by_callee = ALLOWED[status]
    for person, socket, allowed in (
        (line.ava, line.phone, by_caller),
        (line.ben, line.mobile, by_callee),
    ):
        # What was done is acked again to who sends it again.
        again = {"accept"} if status in ("accepted", "active") and person is line.ben else set()
        again |= {"cancel"} if status == "ended" and person is line.ava else set()
        for command in sorted(COMMANDS - allowed - again):
            assert code_of(line.ask, socket, command) == "conflict", (status, command)
            if command in OVER_REST:
                answer = person.http.post(f"calls/{line.call}/{command}")
                assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        for command in sorted(again):
            assert line.ask(socket, command)["call"]["status"] == status
    assert line.view() == before
    assert [frame for socket in line.sockets for frame in socket.quiet()] == []


def test_no_call_ends_from_where_it_cannot() -> None:
    allowed = {
        ("ringing", "declined"),
        ("ringing", "cancelled"),
        ("ringing", "missed"),
        ("accepted", "completed"),
        ("accepted", "failed"),
        ("active", "completed"),
        ("active", "dropped"),
        ("active", "no_credit"),
    } | {(status.value, reason) for status in LIVE for reason in ("blocked", "moderation")}
    assert set(ENDINGS) == set(Reason)
    for status in Status:
        for reason in Reason:
            if (status.value, reason.value) in allowed:
                check_ending(reason, status)
            else:
                with pytest.raises(Conflict):
                    check_ending(reason, status)
