"""``check_invariants``: what must be true is checked, told, and an alert when it is not."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from pairly.alerts.models import Alert
from pairly.core import clock
from pairly.core import invariants as registry
from pairly.jobs.models import JobRun
from pairly.monitoring import invariants
from pairly.monitoring.services import check_rules
from pairly.monitoring.tasks import InvariantsBroken
from pairly.schedule import TASKS_BY_NAME, run
from payments.models import Account, Intent
from payments.tests.buyers import Buyer, deliver, stripe_event

JOB = "monitoring.check_all_invariants"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(invariants, "SECOND_LOOK_SECONDS", 0)
    monkeypatch.setattr(registry, "_invariants", registry.all_invariants())
    yield


def checked() -> tuple[int, list[str]]:
    """Exit status and what is printed."""
    out = StringIO()
    try:
        call_command("check_invariants", stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


@pytest.mark.mongodb
def test_what_is_not_as_it_must_be_is_told_and_an_alert_until_it_is_mended() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    deliver(stripe_event(intent))
    status, lines = checked()
    assert status == 0 and len(lines) >= 6
    assert all(line.startswith("ok ") for line in lines), lines

    paid = Account.objects.filter(owner_id=buyer.id, kind="paid")
    paid.update(balance=51)
    Intent.objects.filter(pk=intent["id"]).update(status="failed")
    status, lines = checked()
    broken = [line for line in lines if line.startswith("BROKEN")]
    assert status == 1
    assert broken == [
        "BROKEN debits equal credits",
        "BROKEN purchases are booked",
        "BROKEN receipts have no gaps",
    ]
    assert any("the accounts come to 1, not 0" in line for line in lines)
    alert = Alert.objects.get(state="open", key="debits_equal_credits")
    assert (alert.kind, alert.severity) == ("invariant_broken", "critical")
    assert alert.title == "It does not hold that debits equal credits"
    assert alert.details == "CREDIT: the accounts come to 1, not 0"

    with pytest.raises(InvariantsBroken, match="purchases_are_booked"):
        run(TASKS_BY_NAME[JOB])
    assert JobRun.objects.get(pk=JOB).error
    assert check_rules(clock.now()) == 0, "the alerts are there, once"
    paid.update(balance=50)
    Intent.objects.filter(pk=intent["id"]).update(status="succeeded")
    run(TASKS_BY_NAME[JOB])
    assert not Alert.objects.filter(state="open").exists()


def test_what_only_looked_wrong_is_looked_at_again() -> None:
    looks: list[int] = []

    def all_is_still() -> list[str]:
        looks.append(1)
        return ["it moved"] if len(looks) == 1 else []

    def all_can_be_read() -> list[str]:
        raise LookupError("no such table")

    def few_words_are_made() -> Iterator[str]:
        yield from (f"word {number}" for number in range(10**6))

    registry.register_invariants(all_is_still, all_can_be_read, few_words_are_made)
    registry.register_invariants(all_is_still)
    status, lines = checked()
    assert (status, len(looks)) == (1, 2)
    assert "ok     all is still" in lines
    assert "       it could not be checked: LookupError: no such table" in lines
    assert lines[-1].startswith("ok") or "       and perhaps more" in lines
    assert len([line for line in lines if "word" in line]) == invariants.SENTENCES_MAX + 1


def test_two_invariants_of_one_name_are_refused() -> None:
    def made() -> Any:
        def purchases_are_booked() -> list[str]:
            return []

        return purchases_are_booked

    with pytest.raises(ValueError, match="purchases_are_booked"):
        registry.register_invariants(made())
