"""Apple over real HTTP/2 and TLS: aioapns against a stand-in."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notifications.push.models import PushDevice
from notifications.push.providers import apns
from notifications.push.sender import PushSender
from notifications.push.tests.stand_ins.apple import AppleSaid, AppleStandIn
from pairly.alerts.models import Alert
from pairly.core import clock

pytestmark = pytest.mark.usefixtures("real_providers")

ALERTS, CALLS = "a" * 64, "b" * 64


@pytest.fixture
def apple(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppleStandIn]:
    stand_in = AppleStandIn(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(stand_in.certificate_file))
    settings.APNS_SERVER = stand_in.address
    settings.PUSH_TIMEOUT_SECONDS = 60
    settings.APNS_KEY_FILE = str(stand_in.key_file)
    settings.APNS_KEY_ID, settings.APNS_TEAM_ID = "KEY", "TEAM"
    settings.APNS_BUNDLE_ID = "example.pairly"
    yield stand_in
    stand_in.stop()


@pytest.fixture
def ava(join: Any) -> Any:
    ava = join("Ava")
    assert ava.api.post("notifications/devices", provider="apns", token=ALERTS).status_code == 201
    return ava


def test_alerts_and_calls_go_to_their_topics(ava: Any, apple: AppleStandIn, send: Any) -> None:
    ava.api.post("notifications/devices", provider="apns_voip", token=CALLS)
    assert send(ava.id, badge=4).outcome == "sent"
    [alert] = apple.asked
    assert alert.path == f"/3/device/{ALERTS}"
    assert alert.headers["apns-topic"] == "example.pairly"
    assert alert.headers["apns-push-type"] == "alert"
    assert len(alert.headers["apns-collapse-id"]) <= 64
    assert alert.payload == {
        "aps": {
            "alert": {"title": "Ben", "body": "नमस्ते, are you there?"},
            "sound": "default",
            "badge": 4,
        },
        "kind": "message.received",
        "data": {"conversation_id": "c1"},
        "receipt": alert.payload["receipt"],
    }

    # An app that takes pushes of calls rings by them alone.
    soon = clock.now() + timedelta(minutes=10)
    ring = {"kind": "call.incoming", "notification_class": "ring"}
    assert send(ava.id, **ring, expires_at=soon).outcome == "sent"
    [_alert, call] = apple.asked
    assert call.path == f"/3/device/{CALLS}"
    assert call.headers["apns-topic"] == "example.pairly.voip"
    assert (call.headers["apns-push-type"], call.headers["apns-priority"]) == ("voip", "10")
    assert call.headers["apns-expiration"].isdigit()

    assert send(ava.id, **ring, expires_at=clock.now()).outcome == "no_address"
    assert len(apple.asked) == 2


def test_many_share_one_connection_and_each_gets_its_own_answer(
    ava: Any, apple: AppleStandIn, outgoing: Any
) -> None:
    apple.next.extend([AppleSaid(200), AppleSaid(413, "PayloadTooLarge"), AppleSaid(200)])
    batch = [outgoing(ava.id) for _ in range(30)]
    results = PushSender().send(batch)
    outcomes = [result.outcome.value for result in results]
    assert (outcomes.count("sent"), outcomes.count("permanent")) == (29, 1)
    assert apple.connections <= 3  # the library ends one that is idle for ten seconds
    assert len({asked.headers["apns-id"] for asked in apple.asked}) == 30
    assert len({asked.headers["authorization"] for asked in apple.asked}) <= 2  # not one for each


@pytest.mark.parametrize(
    ("said", "outcome", "stays", "is_ours"),
    [
        (AppleSaid(410, "Unregistered"), "no_address", False, False),
        (AppleSaid(410, "Unregistered", 1_000), "no_address", True, False),  # registered since
        (AppleSaid(410, "Unregistered", 99_999_999_999_999), "no_address", False, False),
        (AppleSaid(400, "BadDeviceToken"), "no_address", False, False),
        (AppleSaid(400, "DeviceTokenNotForTopic"), "no_address", False, False),
        (AppleSaid(400, "BadCollapseId"), "permanent", True, False),
        (AppleSaid(403, "InvalidProviderToken"), "transient", True, True),
        (AppleSaid(429, "TooManyRequests"), "transient", True, False),
        (AppleSaid(500, "InternalServerError"), "transient", True, False),
        (AppleSaid(503, "ServiceUnavailable"), "transient", True, False),
        (AppleSaid(400, raw=b"<html>\xff"), "transient", True, False),
        (AppleSaid(500, raw=b"{}"), "transient", True, False),  # the library waits for a reason
        (AppleSaid(200, hangs=True), "transient", True, False),
    ],
)
def test_each_answer_of_apple(
    ava: Any,
    apple: AppleStandIn,
    send: Any,
    settings: Any,
    said: AppleSaid,
    outcome: str,
    stays: bool,
    is_ours: bool,
) -> None:
    settings.PUSH_TIMEOUT_SECONDS = 1 if said.hangs or said.raw == b"{}" else 60
    apple.next.append(said)
    assert send(ava.id).outcome == outcome
    assert PushDevice.objects.exists() == stays
    assert Alert.objects.filter(kind="push_refused", key="apns").exists() == is_ours


def test_a_stale_provider_token_is_renewed(
    ava: Any, apple: AppleStandIn, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(ava.id).outcome == "sent"
    made = apns._token()
    apple.next.append(AppleSaid(403, "ExpiredProviderToken"))
    assert send(ava.id).outcome == "transient"
    assert apns._token() is not made
    assert send(ava.id).outcome == "sent"
    assert not Alert.objects.filter(kind="push_refused").exists()


def test_nobody_at_the_address_and_a_key_that_cannot_be_read(
    ava: Any, apple: AppleStandIn, send: Any, settings: Any
) -> None:
    settings.APNS_SERVER = "127.0.0.1:1"
    assert send(ava.id).outcome == "transient"
    assert not Alert.objects.filter(kind="push_refused").exists()
    settings.APNS_KEY_FILE = "/nowhere/key.p8"
    assert send(ava.id).outcome == "transient"
    assert Alert.objects.filter(kind="push_refused", key="apns").exists()
