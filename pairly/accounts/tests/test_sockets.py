"""Who may open a socket and keep it."""

import threading
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.management import call_command

from pairly.accounts.authentication import authenticate_socket, device_states
from pairly.accounts.errors import SecondFactorRequired
from pairly.accounts.models import Device, SocketTicket
from pairly.accounts.services import create_staff, suspend_user
from pairly.accounts.tests.callers import login
from pairly.core.errors import NotAuthenticated, PermissionDenied


@pytest.mark.mongodb
def test_a_socket_opens_with_the_header_or_with_a_ticket_once(join: Any) -> None:
    ava = join()
    by_header = authenticate_socket(f"Bearer {ava.token}", None)
    assert str(by_header.user_id) == ava.id

    answer = ava.api.post("auth/socket-ticket")
    assert answer.status_code == 200 and answer.json()["expires_in"] == 30
    ticket = answer.json()["ticket"]
    assert ticket not in str(list(SocketTicket.objects.values()))
    assert authenticate_socket(None, ticket) == by_header
    for header, other in ((None, ticket), (None, "x"), ("Bearer x", None), (None, None)):
        with pytest.raises(NotAuthenticated):
            authenticate_socket(header, other)


def test_a_ticket_lapses_after_thirty_seconds(join: Any) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava = join()
        ticket = ava.api.post("auth/socket-ticket").json()["ticket"]
        clock.shift(30)
        with pytest.raises(NotAuthenticated):
            authenticate_socket(None, ticket)


@pytest.mark.mongodb
def test_a_ticket_opens_one_socket_also_at_once(join: Any) -> None:
    ticket = join().api.post("auth/socket-ticket").json()["ticket"]
    outcomes: list[str] = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        try:
            authenticate_socket(None, ticket)
            outcomes.append("opened")
        except NotAuthenticated:
            outcomes.append("refused")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["opened", "refused", "refused", "refused"]


@pytest.mark.mongodb
def test_heartbeats_hear_of_sign_out_and_suspension(join: Any) -> None:
    ava, ben, cleo = join("Ava"), join("Ben"), join("Cleo")
    devices = {str(device.user_id): device.pk.hex for device in Device.objects.all()}
    assert device_states(devices.values()) == set(devices.values())
    ben.api.post("auth/logout")
    suspend_user(actor_id=None, user_id=UUID(cleo.id), reason="spam")
    assert device_states(devices.values()) == {devices[ava.id]}
    with pytest.raises(PermissionDenied):
        authenticate_socket(f"Bearer {cleo.token}", None)


@pytest.mark.mongodb
def test_no_socket_before_the_second_factor_is_proved(guest: Any, join: Any) -> None:
    ava = join()
    (mine,) = Device.objects.all()
    call_command("staff_code", make_staff(ava), stdout=StringIO())
    token = login(guest, ava.email).json()["token"]
    (new,) = Device.objects.exclude(pk=mine.pk)
    assert device_states([mine.pk.hex, new.pk.hex]) == {mine.pk.hex}
    with pytest.raises(SecondFactorRequired):  # which is told as 4403
        authenticate_socket(f"Bearer {token}", None)
    Device.objects.filter(pk=new.pk).update(second_factor_at=new.created_at)
    assert device_states([mine.pk.hex, new.pk.hex]) == {mine.pk.hex, new.pk.hex}
    assert authenticate_socket(f"Bearer {token}", None).device_id == new.pk


def make_staff(person: Any) -> str:
    create_staff(email=person.email, password="", role="support")
    return str(person.email)


@pytest.mark.mongodb
def test_a_socket_keeps_its_sign_in_alive(join: Any) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava = join()
        device = Device.objects.get()
        for day in range(2, 20, 5):
            clock.move_to(f"2026-01-{day:02d}T12:00:00Z")
            assert device_states([device.pk.hex]) == {device.pk.hex}
        clock.move_to("2026-02-10T12:00:00Z")
        assert ava.api.get("me").status_code == 200
