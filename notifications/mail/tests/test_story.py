"""From what happens to the outboxes of mock mode, through the real dispatcher and senders."""

import re
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from rest_framework.test import APIClient

from notifications.models import Delivery
from notifications.push.models import MockPush
from notifications.tests.conftest import travelled
from notifications.tests.senders import after, pass_time
from pairly.accounts.models import Mail

__all__ = ["travelled"]

LINK = re.compile(r"/api/v1/notifications/unsubscribe/[\w:.=-]+")


def write(person: Any, conversation: str, times: int) -> None:
    for _ in range(times):
        body = {"client_id": str(uuid4()), "kind": "text", "text": "hello"}
        sent = person.api.post(f"conversations/{conversation}/messages", **body)
        assert sent.status_code == 201, sent.json()
    pass_time()


def pushes(person: Any) -> list[tuple[str, str]]:
    kept = MockPush.objects.filter(user_id=person.id).order_by("id")
    return list(kept.values_list("kind", "title"))


@pytest.mark.mongodb
def test_somebody_who_sleeps_is_reached_by_push_and_by_mail_and_may_say_no(
    verified: Any, travelled: time_machine.Traveller
) -> None:
    ava, ben = verified("Ava"), verified("Ben")
    pass_time()
    Mail.objects.all().delete()
    call = {"callee_id": ben.id, "media": "video", "client_id": "c1"}
    assert ava.api.post("calls", **call).json()["code"] == "unavailable"  # nothing reaches Ben
    ben.api.post("notifications/devices", provider="apns", token="a" * 64)
    ben.api.post("notifications/devices", provider="apns_voip", token="b" * 64)

    # Five messages are one push, which says how many.
    conversation = ava.api.post("conversations", user_id=ben.id).json()["id"]
    write(ava, conversation, 5)
    after(travelled, seconds=10)
    assert pushes(ben) == [("message.received", "5 new messages from Ava")]
    [push] = MockPush.objects.all()
    assert (push.provider, push.payload["aps"]["badge"]) == (
        "apns",
        2,
    )  # the welcome bonus, and this
    assert push.payload["data"]["conversation_id"] == conversation

    # A call rings on the VoIP topic alone, and then is a missed one.
    ringing = ava.api.post("calls", **call)
    assert ringing.status_code == 201, ringing.json()
    pass_time()
    assert pushes(ben)[1:] == [("call.incoming", "Ava is calling")]
    assert MockPush.objects.order_by("-id")[0].provider == "apns_voip"
    assert ava.api.post(f"calls/{ringing.json()['id']}/cancel").status_code == 200
    after(travelled, minutes=1)
    assert pushes(ben)[2:] == [("call.missed", "Missed call from Ava")]

    # What piled up comes as one mail, whose link says no to the next ones.
    after(travelled, hours=2)
    [mail] = Mail.objects.filter(recipient=ben.email)
    found = LINK.search(mail.text)
    assert found is not None, mail.text
    assert APIClient().post(found[0]).json()["category"] == "digest"
    write(ava, conversation, 2)
    after(travelled, hours=3)
    assert Mail.objects.filter(recipient=ben.email).count() == 1
    assert pushes(ben)[3:] == [("message.received", "7 new messages from Ava")]  # unread

    # Signed out, nothing is pushed any more.
    ben.api.post("auth/logout-all")
    write(ava, conversation, 1)
    after(travelled, minutes=1)
    assert len(pushes(ben)) == 4
    newest = Delivery.objects.filter(channel="push").order_by("-id")[0]
    assert (newest.state, newest.reason) == ("skipped", "no_address")
