"""docs/monitoring.md names every metric and every alert, and nothing that does not exist."""

import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

import pairly.urls  # noqa: F401 - everything that serves has defined its metrics then.
from notifications.mail.sender import ALERT_KIND as MAIL_REFUSED
from notifications.push.sender import ALERT_KIND as PUSH_REFUSED
from pairly.moderation.services.cases import MINOR_ALERT, UNEXAMINED_ALERT
from pairly.moderation.tasks import OVERDUE_ALERT
from pairly.monitoring.abuse import ABUSE
from pairly.monitoring.invariants import INVARIANT_BROKEN
from pairly.monitoring.outages import CACHE_AWAY
from pairly.monitoring.rules import RULES
from payments.intents.observing import SET_ASIDE_ALERT
from payments.reconciliation.alerting import BREAKS, FAILED

PAGE = Path(__file__).resolve().parents[3] / "docs" / "monitoring.md"
FIRST_CELL = re.compile(r"^\| `([a-z_]+)` \|", re.MULTILINE)
ELSEWHERE = {
    *(ABUSE, CACHE_AWAY, INVARIANT_BROKEN, SET_ASIDE_ALERT, BREAKS, FAILED, "fraud_scorer"),
    *(MINOR_ALERT, OVERDUE_ALERT, UNEXAMINED_ALERT, MAIL_REFUSED, PUSH_REFUSED),
}


@pytest.mark.mongodb
def test_the_page_names_what_there_is() -> None:
    named = set(FIRST_CELL.findall(PAGE.read_text()))
    metrics = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in REGISTRY.collect()
        if family.name.startswith("pairly_")
    }
    alerts = {rule.kind for rule in RULES} | ELSEWHERE
    assert named - metrics - alerts == set()
    assert metrics - named == set()
    assert alerts - named == set()
