"""What has served its time is removed."""

from typing import Any

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command

from pairly.accounts.models import Device, Mail, MailedSecret, SignInAttempt, SocketTicket
from pairly.accounts.tasks import remove_expired
from pairly.accounts.tests.callers import login
from pairly.outbox.dispatch import dispatch_all


@pytest.mark.mongodb
def test_expired_rows_go_and_live_ones_stay(guest: Any, join: Any, capsys: Any) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava = join()
        dispatch_all()
        ava.api.post("auth/socket-ticket")
        login(guest, ava.email)
        call_command("remove_expired")
        assert "0 rows" in capsys.readouterr().out

        clock.move_to("2026-01-01T13:00:00Z")
        call_command("remove_expired")
        assert "2 rows" in capsys.readouterr().out
        assert not SocketTicket.objects.exists() and not MailedSecret.objects.exists()

        clock.move_to("2026-05-02T12:00:00Z")
        call_command("remove_expired")
        assert "4 rows" in capsys.readouterr().out
        for model in (Device, SignInAttempt, Mail):
            assert not model.objects.exists()


@pytest.mark.mongodb
def test_sessions_that_are_over_go(settings: Any) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        session = SessionStore()
        session.create()
        remove_expired()
        assert Session.objects.exists()
        clock.shift(settings.SESSION_COOKIE_AGE)
        remove_expired()
        assert not Session.objects.exists()
