"""What the clock does with payments, done by hand."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from pairly.core import clock
from payments.tests.buyers import Buyer
from payments.tests.desk import Desk, bought
from payments.tests.gateways import SILENT

pytestmark = pytest.mark.mongodb


def said(command: str) -> str:
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue().strip()


def test_intents_are_ended_and_providers_asked_by_command(settings: Any) -> None:
    buyer, desk = Buyer(), Desk()
    served = settings.PAYMENT_GATEWAYS
    with time_machine.travel(clock.now(), tick=False) as time:
        paid, lost, forgotten = bought(buyer), buyer.intent(), buyer.intent()
        settings.PAYMENT_GATEWAYS = SILENT
        desk.refunded(paid)
        settings.PAYMENT_GATEWAYS = served
        buyer.play(lost, "lose")
        time.shift(timedelta(minutes=1))
        assert said("expire_intents") == "0 intents were looked after."
        assert said("poll_payments") == "3 intents and refunds were asked about."
        assert [buyer.look(one)["status"] for one in (paid, lost)] == ["refunded", "succeeded"]
        time.shift(timedelta(minutes=10))
        assert said("poll_payments") == "0 intents and refunds were asked about."
        assert said("expire_intents") == "1 intents were looked after."
        assert buyer.look(forgotten)["status"] == "expired"
