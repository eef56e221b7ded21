"""Firebase: google-auth signs in at a stand-in of Google's, and its answers are told apart."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notifications.push.models import PushDevice
from notifications.push.providers.fcm import credentials_of
from notifications.push.tests.stand_ins.firebase import FirebaseStandIn, refusal
from notifications.push.tests.stand_ins.server import GARBAGE, HANG, RESET, Said
from pairly.alerts.models import Alert
from pairly.core import clock

pytestmark = pytest.mark.usefixtures("real_providers")

TOKEN = "fcm-token:" + "x" * 140


@pytest.fixture
def firebase(settings: Any, tmp_path: Path) -> Iterator[FirebaseStandIn]:
    stand_in = FirebaseStandIn()
    stand_in.write_account(tmp_path / "account.json")
    settings.FCM_SERVICE_ACCOUNT_FILE = str(tmp_path / "account.json")
    settings.FCM_API_BASE = stand_in.url
    settings.PUSH_TIMEOUT_SECONDS = 60
    yield stand_in
    stand_in.stop()
    credentials_of.cache_clear()


@pytest.fixture
def ava(join: Any) -> Any:
    ava = join("Ava")
    answer = ava.api.post("notifications/devices", provider="fcm", token=TOKEN)
    assert answer.status_code == 201
    return ava


def test_messages_and_rings_go_out_under_one_sign_in(
    ava: Any, firebase: FirebaseStandIn, send: Any
) -> None:
    result = send(ava.id, badge=2, collapse_key="conversation:c1")
    assert (result.outcome, result.provider_ref) == ("sent", "projects/pairly-test/messages/7")
    soon = clock.now() + timedelta(minutes=10)
    send(ava.id, kind="call.incoming", notification_class="ring", expires_at=soon)
    assert firebase.tokens_given == 1

    message, ring = firebase.messages
    assert message["token"] == TOKEN
    assert message["notification"] == {"title": "Ben", "body": "नमस्ते, are you there?"}
    told = {"conversation_id": "c1", "kind": "message.received"}
    assert message["data"] == told | {"receipt": message["data"]["receipt"]}
    assert message["android"]["notification"] == {
        "tag": "conversation:c1",
        "notification_count": 2,
    }
    assert len(message["android"]["collapse_key"]) == 32
    # The app itself shows a call, so a ring carries data alone.
    assert "notification" not in ring
    assert ring["data"]["title"] == "Ben"
    assert ring["android"]["priority"] == "HIGH"
    assert 0 < int(ring["android"]["ttl"].removesuffix("s")) <= 600

    before = len(firebase.asked)
    assert send(ava.id, notification_class="ring", expires_at=clock.now()).outcome == "no_address"
    assert len(firebase.asked) == before


@pytest.mark.parametrize(
    ("said", "outcome", "stays", "after", "is_ours"),
    [
        (refusal(404, "NOT_FOUND", "UNREGISTERED"), "no_address", False, None, False),
        (refusal(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), "no_address", False, None, False),
        (refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), "no_address", False, None, False),
        (refusal(400, "INVALID_ARGUMENT"), "permanent", True, None, False),
        (refusal(404, "NOT_FOUND"), "transient", True, None, True),
        (refusal(403, "PERMISSION_DENIED"), "transient", True, None, True),
        (refusal(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), "transient", True, None, True),
        (refusal(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), "transient", True, 60, False),
        (
            refusal(503, "UNAVAILABLE", "UNAVAILABLE", **{"Retry-After": "7"}),
            "transient",
            True,
            7,
            False,
        ),
        (refusal(500, "INTERNAL", "INTERNAL"), "transient", True, None, False),
        (GARBAGE, "transient", True, None, False),
        (Said(200, b"[1, 2]"), "transient", True, None, False),
        (Said(400, b'{"error": {"details": [7, {"@type": 3}]}}'), "permanent", True, None, False),
        (HANG, "transient", True, None, False),
        (RESET, "transient", True, None, False),
    ],
)
def test_each_answer_of_firebase(
    ava: Any,
    firebase: FirebaseStandIn,
    send: Any,
    settings: Any,
    said: Said,
    outcome: str,
    stays: bool,
    after: int | None,
    is_ours: bool,
) -> None:
    send(ava.id)
    settings.PUSH_TIMEOUT_SECONDS = 1 if said.hangs else 60
    firebase.next.append(said)
    result = send(ava.id)
    assert (result.outcome, result.retry_after_seconds) == (outcome, after)
    assert PushDevice.objects.exists() == stays
    assert Alert.objects.filter(kind="push_refused", key="fcm").exists() == is_ours


def test_a_token_that_is_not_taken_any_more_is_renewed(
    ava: Any, firebase: FirebaseStandIn, send: Any
) -> None:
    send(ava.id)
    firebase.tokens_given += 1  # the one that we hold is stale now
    assert send(ava.id).outcome == "transient"
    assert send(ava.id).outcome == "sent"


@pytest.mark.parametrize(
    ("said", "is_ours"),
    [(refusal(503, "UNAVAILABLE"), False), (Said(400, b'{"error": "invalid_grant"}'), True)],
)
def test_without_a_sign_in_nothing_is_lost(
    ava: Any, firebase: FirebaseStandIn, send: Any, said: Said, is_ours: bool
) -> None:
    firebase.next.extend([said] * 8)  # the library asks again by itself
    assert send(ava.id).outcome == "transient"
    assert PushDevice.objects.exists()
    assert Alert.objects.filter(kind="push_refused").exists() == is_ours
    firebase.next.clear()
    assert send(ava.id).outcome == "sent"


def test_a_service_account_that_cannot_be_read_is_told_to_staff(
    ava: Any, send: Any, settings: Any, tmp_path: Path
) -> None:
    settings.FCM_SERVICE_ACCOUNT_FILE = str(tmp_path / "not-there.json")
    assert send(ava.id).outcome == "transient"
    assert Alert.objects.filter(kind="push_refused", key="fcm").exists()
