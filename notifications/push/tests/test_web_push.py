"""Web Push end to end: really encrypted and signed, and read again by a push service of ours."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from notifications.models import Delivery
from notifications.push.models import PushDevice
from notifications.push.tests.stand_ins.push_service import PushService
from notifications.push.tests.stand_ins.server import HANG, RESET, Said
from notifications.push.vapid import public_key
from notifications.services.telling import Wish, notify
from notifications.tests.senders import pass_time
from pairly.alerts.models import Alert
from pairly.core import clock

pytestmark = pytest.mark.usefixtures("real_providers")


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    service = PushService(public_key())
    settings.WEB_PUSH_ORIGINS = [service.url]
    settings.PUSH_TIMEOUT_SECONDS = 60
    yield service
    service.stop()


@pytest.fixture
def ava(join: Any) -> Any:
    return join("Ava")


def test_a_browser_reads_what_was_sent_and_the_service_what_it_needs(
    ava: Any, service: PushService, send: Any, settings: Any
) -> None:
    browser = service.subscribe("ava")
    assert ava.api.post("notifications/devices", **browser.body).status_code == 201
    config = ava.api.get("config").json()
    assert config["push_keys"] == [{"provider": "web_push", "public_key": public_key()}]

    result = send(ava.id, badge=3, collapse_key="conversation:c1")
    assert (result.outcome, result.provider_ref) == ("sent", f"{service.url}/message/1")
    [asked] = service.asked
    told = browser.read(asked)
    assert told == {
        "title": "Ben",
        "body": "नमस्ते, are you there?",
        "kind": "message.received",
        "tag": "conversation:c1",
        "data": {"conversation_id": "c1"},
        "badge": 3,
        "receipt": told["receipt"],
    }
    assert (asked.headers["urgency"], asked.headers["ttl"]) == ("normal", "86400")
    assert len(asked.headers["topic"]) == 32

    # A ring lives as long as the call, and the longest texts still fit.
    soon = clock.now() + timedelta(minutes=10)
    send(ava.id, notification_class="ring", expires_at=soon, title="अ" * 300, body="अ" * 5000)
    ring = service.asked[-1]
    assert ring.headers["urgency"] == "high"
    assert 0 < int(ring.headers["ttl"]) <= 600
    assert len(ring.body) <= 4096
    assert browser.read(ring)["ring"] is True
    assert "topic" not in ring.headers


def test_the_worker_says_that_it_arrived_and_was_opened(
    ava: Any, service: PushService, guest: Any
) -> None:
    browser = service.subscribe("ava")
    ava.api.post("notifications/devices", **browser.body)
    notify([Wish(user_id=UUID(ava.id), kind="security.password_changed", dedupe_key="1")])
    pass_time()
    receipt = browser.read(service.asked[-1])["receipt"]
    for event in ("delivered", "opened", "delivered"):
        answer = guest.post(f"notifications/receipts/{receipt}", event=event)
        assert answer.status_code == 204
    row = Delivery.objects.get(kind="security.password_changed", channel="push")
    assert (row.state, row.receipt) == ("opened", "opened")


def test_nothing_is_sent_that_has_expired(ava: Any, service: PushService, send: Any) -> None:
    ava.api.post("notifications/devices", **service.subscribe("ava").body)
    result = send(ava.id, notification_class="ring", expires_at=clock.now())
    assert (result.outcome, service.asked) == ("no_address", [])
    assert "expired" in result.detail


@pytest.mark.parametrize(
    ("said", "outcome", "stays", "after"),
    [
        (Said(404), "no_address", False, None),
        (Said(410), "no_address", False, None),
        (Said(413), "permanent", True, None),
        (Said(400), "permanent", True, None),
        (Said(302, headers={"Location": "http://127.0.0.1:1/"}), "permanent", True, None),
        (Said(429, headers={"Retry-After": "90"}), "transient", True, 90),
        (Said(503, headers={"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}), "transient", True, 0),
        (Said(500, b"\x00garbage", headers={"Retry-After": "soon"}), "transient", True, None),
        (Said(403), "transient", True, None),
        (HANG, "transient", True, None),
        (RESET, "transient", True, None),
    ],
)
def test_each_answer_of_a_push_service(
    ava: Any,
    service: PushService,
    send: Any,
    settings: Any,
    said: Said,
    outcome: str,
    stays: bool,
    after: int | None,
) -> None:
    settings.PUSH_TIMEOUT_SECONDS = 1 if said.hangs else 60
    ava.api.post("notifications/devices", **service.subscribe("ava").body)
    service.next.append(said)
    result = send(ava.id)
    assert (result.outcome, result.retry_after_seconds) == (outcome, after)
    assert PushDevice.objects.exists() == stays
    assert Alert.objects.filter(kind="push_refused", key="web_push").exists() == (
        said.status == 403
    )


def test_a_key_that_is_refused_is_told_to_staff_until_it_is_taken(
    ava: Any, service: PushService, send: Any, settings: Any
) -> None:
    """A key of another installation; the subscription stays, since the browser is not to blame."""
    ava.api.post("notifications/devices", **service.subscribe("ava").body)
    service.next.append(Said(401))
    assert send(ava.id).outcome == "transient"
    alert = Alert.objects.get(kind="push_refused", key="web_push")
    assert alert.state == "open"
    assert send(ava.id).outcome == "sent"
    alert.refresh_from_db()
    assert alert.state == "resolved"
    settings.VAPID_PRIVATE_KEY = "not a key"
    assert send(ava.id).outcome == "transient"
