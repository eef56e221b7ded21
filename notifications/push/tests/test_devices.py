"""Devices: who registers one, whom it reaches, and when it is forgotten."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from calling import reach
from notifications.push import services
from notifications.push.models import MockPush, PushDevice, PushTaken
from notifications.push.sender import PushSender
from notifications.push.tasks import remove_old_devices
from notifications.push.tests.stand_ins.push_service import Subscription
from pairly.accounts.tests.callers import PASSWORD, Caller, codes_of, login
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.staff.tests.people import staff_browser
from tests.explain import assert_uses_index

FCM, APNS = "fcm-token:" + "x" * 140, "a" * 64
GOOGLE = "https://fcm.googleapis.com"


def register(person: Any, **body: Any) -> Any:
    return person.api.post("notifications/devices", **({"provider": "fcm", "token": FCM} | body))


@pytest.mark.mongodb
def test_a_device_is_registered_listed_and_removed(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    made = register(ava)
    assert made.status_code == 201
    assert set(made.json()) == {"id", "provider", "current", "created_at", "last_seen_at"}
    again = register(ava)
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    browser = Subscription(GOOGLE, "ava")
    assert register(ava, **browser.body).status_code == 201
    listed = ava.api.get("notifications/devices").json()
    assert listed["next"] is None
    assert [one["provider"] for one in listed["results"]] == ["web_push", "fcm"]
    assert all(one["current"] for one in listed["results"])
    assert FCM not in str(listed)
    assert ben.api.get("notifications/devices").json()["results"] == []

    address = f"notifications/devices/{made.json()['id']}"
    assert ben.api.delete(address).status_code == 404
    assert ava.api.delete(f"notifications/devices/{uuid4()}").status_code == 404
    assert ava.api.delete(address).status_code == 204
    assert ava.api.delete(address).status_code == 404
    assert Caller().get("notifications/devices").status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": "pigeon"}, "provider"),
        ({"token": "short"}, "token"),
        ({"token": "x" * 2000}, "token"),
        ({"token": "has a space " + "x" * 20}, "token"),
        ({"keys": {"p256dh": "x", "auth": "y"}}, "keys.p256dh"),
        ({"provider": "apns", "token": "../../etc/passwd" + "a" * 64}, "token"),
        ({"provider": "web_push", "token": f"{GOOGLE}/send/1"}, "keys"),
        ({"user_id": "someone"}, "user_id"),
    ],
)
def test_what_is_no_device_is_refused(join: Any, body: Any, field: str) -> None:
    answer = register(join("Ava"), **body)
    assert answer.status_code == 400
    assert field in {name for name, _code in codes_of(answer)}


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/send/1",
        "https://127.0.0.1/send/1",
        "https://169.254.169.254/latest/meta-data",
        "https://fcm.googleapis.com.evil.example/send/1",
        "https://fcm.googleapis.com@evil.example/send/1",
        "https://evil.example\\@fcm.googleapis.com/send/1",
        "https://fcm.googleapis.com:8443/send/1",
        "https://fcm.googleapis.com",
        "ftp://fcm.googleapis.com/send/1",
    ],
)
def test_we_call_known_push_services_alone(join: Any, endpoint: str) -> None:
    body = Subscription(GOOGLE, "ava").body | {"token": endpoint}
    answer = register(join("Ava"), **body)
    assert (answer.status_code, codes_of(answer)) == (400, {("token", "invalid")})


def test_keys_of_a_browser_are_looked_at(join: Any) -> None:
    ava, good = join("Ava"), Subscription(GOOGLE, "ava").body
    for keys in ({"p256dh": good["keys"]["p256dh"], "auth": "c2hvcnQ"}, {"p256dh": "AAAA"}, {}):
        answer = register(ava, **(good | {"keys": keys}))
        assert answer.status_code == 400
    assert register(ava, **good).status_code == 201


def test_a_provider_without_keys_takes_no_devices(join: Any, settings: Any) -> None:
    settings.PUSH_PROVIDERS = {"fcm": settings.PUSH_PROVIDERS["fcm"]}
    ava = join("Ava")
    answer = register(ava, provider="apns", token=APNS)
    assert codes_of(answer) == {("provider", "not_served")}
    assert ava.api.get("config").json()["push_keys"] == []


@pytest.mark.mongodb
def test_an_address_belongs_to_who_registered_last_and_a_sign_in_has_one(
    join: Any, send: Any
) -> None:
    ava, ben = join("Ava"), join("Ben")
    register(ava)
    assert register(ben).status_code == 200
    assert ava.api.get("notifications/devices").json()["results"] == []
    assert (send(ava.id).outcome, send(ben.id).outcome) == ("no_address", "sent")
    # A token of Apple's is the same device in whichever case an app writes its hex.
    register(ava, provider="apns", token=APNS)
    assert register(ben, provider="apns", token=APNS.upper()).status_code == 200
    assert send(ava.id).outcome == "no_address"
    PushDevice.objects.filter(provider="apns").delete()
    # The app got another token: the older one is replaced and not kept beside it.
    assert register(ben, token="fcm-token:" + "y" * 140).status_code == 201
    [kept] = PushDevice.objects.all()
    assert kept.address.endswith("y")


@pytest.mark.mongodb
def test_a_device_ends_with_its_sign_in(join: Any, guest: Any, send: Any) -> None:
    ava = join("Ava")
    other = login(guest, ava.email).json()["token"]
    register(ava)
    Caller(other).post("notifications/devices", provider="apns", token=APNS)
    listed = ava.api.get("notifications/devices").json()["results"]
    assert [one["current"] for one in listed] == [False, True]
    assert send(ava.id).detail == "taken by 2 of 2"

    Caller(other).post("auth/logout")
    assert send(ava.id).detail == "taken by 1 of 1"
    assert reach.can_be_rung(UUID(ava.id))
    ava.api.post("auth/logout-all")
    assert send(ava.id).outcome == "no_address"
    assert not reach.can_be_rung(UUID(ava.id))


def test_who_leaves_takes_along_devices_and_pushes(join: Any, send: Any) -> None:
    ava = join("Ava")
    register(ava)
    send(ava.id)
    exported = ava.api.get("me/export").json()["push_devices"]
    assert [one["provider"] for one in exported] == ["fcm"]
    assert FCM not in str(exported)
    assert ava.api.delete("me", password=PASSWORD).status_code == 204
    assert not PushDevice.objects.exists()
    assert not MockPush.objects.exists()


@pytest.mark.mongodb
def test_a_crash_between_sending_and_noting_sends_to_nobody_twice(
    join: Any, guest: Any, outgoing: Any
) -> None:
    """The dispatcher was killed before it could store that the first of two devices took it."""
    ava = join("Ava")
    other = Caller(login(guest, ava.email).json()["token"])
    first = register(ava).json()["id"]
    other.post("notifications/devices", provider="apns", token=APNS)
    one = outgoing(ava.id)
    services.note_taken([(one.delivery_id, UUID(first))], now=clock.now())
    [result] = PushSender().send([one])
    assert (result.outcome, result.detail) == ("sent", "taken by 2 of 2")
    assert [push.provider for push in MockPush.objects.all()] == ["apns"]
    [again] = PushSender().send([one])
    assert again.outcome == "sent"
    assert MockPush.objects.count() == 1


def test_a_batch_answers_each_in_order_whatever_fails(
    join: Any, outgoing: Any, settings: Any
) -> None:
    ava, ben, carol = join("Ava"), join("Ben"), join("Carol")
    register(ava)
    register(ben, provider="apns", token=APNS)
    settings.PUSH_PROVIDERS = settings.PUSH_PROVIDERS | {"apns": "builtins.object"}
    results = PushSender().send([outgoing(one.id) for one in (carol, ben, ava, ben)])
    assert [one.outcome.value for one in results] == [
        "no_address",
        "transient",
        "sent",
        "transient",
    ]
    assert PushSender().send([]) == []


@pytest.mark.mongodb
def test_a_device_that_came_back_is_not_forgotten(join: Any) -> None:
    ava = join("Ava")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        register(ava)
        seen = PushDevice.objects.get()
        traveller.shift(timedelta(minutes=5))
        register(ava)  # while the provider was asked about the address as it was read before
        services.prune_device(seen, dead_since=None)
        back = PushDevice.objects.get()
        services.prune_device(back, dead_since=clock.now() - timedelta(minutes=1))
        assert PushDevice.objects.exists()
        services.prune_device(back, dead_since=clock.now())
        assert not PushDevice.objects.exists()


def test_staff_read_what_mock_mode_kept(join: Any, send: Any) -> None:
    ava = join("Ava")
    register(ava)
    send(ava.id, title="<b>Ben</b>")
    browser = staff_browser("support")
    listed = browser.get("/admin/push/mockpush/", {"q": ava.email.upper()}).content.decode()
    assert "&lt;b&gt;Ben&lt;/b&gt;" in listed
    assert "<b>Ben</b>" not in listed
    push = MockPush.objects.get()
    page = browser.get(f"/admin/push/mockpush/{push.pk}/change/").content.decode()
    assert "are you there?" in page
    assert FCM not in page
    assert AuditEntry.objects.filter(action="push.viewed", target_id=str(push.pk)).exists()


@pytest.mark.mongodb
def test_what_is_old_is_removed(join: Any, send: Any, settings: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    with time_machine.travel(clock.now(), tick=False) as traveller:
        register(ava)
        send(ava.id)
        traveller.shift(timedelta(days=settings.PUSH_DEVICE_STALE_DAYS - 1))
        PushDevice.objects.filter(user_id=UUID(ben.id)).delete()
        assert remove_old_devices() == 2  # what a device took, and mock mode's push
        assert PushDevice.objects.count() == 1
        traveller.shift(timedelta(days=1))
        assert remove_old_devices() == 1
        assert not PushDevice.objects.exists()


@pytest.mark.mongodb
def test_the_reads_of_devices_use_their_indexes(join: Any) -> None:
    ava, now = join("Ava"), clock.now()
    register(ava)
    device = PushDevice.objects.get()
    PushTaken.objects.bulk_create(
        PushTaken(delivery_id=uuid4(), device_id=uuid4(), taken_at=now - timedelta(days=one))
        for one in range(60)
    )
    for reads in (
        PushDevice.objects.filter(user_id__in=[device.user_id], provider__in=["fcm"]).order_by(
            "-last_seen_at", "-id"
        ),
        PushDevice.objects.filter(address_hash=device.address_hash),
        PushDevice.objects.filter(sign_in_id=device.sign_in_id, provider="fcm"),
        PushDevice.objects.filter(last_seen_at__lte=now - timedelta(days=270)),
        PushTaken.objects.filter(delivery_id__in=[uuid4()]),
        PushTaken.objects.filter(taken_at__lte=now - timedelta(days=55)),
        MockPush.objects.filter(user_id=device.user_id),
    ):
        assert_uses_index(reads)
