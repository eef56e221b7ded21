"""/metrics: who is let in, and that its figures are those of the process and the database."""

import re
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client import REGISTRY
from rest_framework.test import APIClient

from pairly.alerts.services import raise_alert
from pairly.core import clock
from pairly.monitoring import gauges
from payments.tasks import seal_ledger
from payments.tests.buyers import Buyer, deliver, stripe_event
from tests.clients import Person

LINE = re.compile(r"^(\w+?)(?:\{(.*)\})? ([-+.\w]+)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def read_at_once(settings: Any) -> None:
    settings.METRICS_CACHE_SECONDS = 0


def figures(client: Any = None) -> dict[tuple[str, str], float]:
    """Every sample: name and labels as they are written, to its value."""
    answer = (client or Client()).get("/metrics")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/plain")
    text = answer.content.decode()
    return {(name, labels): float(value) for name, labels, value in LINE.findall(text)}


@pytest.mark.parametrize(
    ("proxies", "environment"),
    [
        (0, {"REMOTE_ADDR": "203.0.113.5"}),
        (0, {"REMOTE_ADDR": ""}),
        (0, {"REMOTE_ADDR": "203.0.113.5", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
        (0, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.5"}),
        (0, {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=203.0.113.5"}),
        (1, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
        (1, {"REMOTE_ADDR": "203.0.113.5", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
        (2, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1, 10.0.0.2"}),
    ],
)
def test_without_a_token_only_this_machine_is_told(
    settings: Any, proxies: int, environment: Any
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    answer = Client(**environment).get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="::1").get("/metrics").status_code == 200


def test_with_a_token_who_brings_it_is_told_and_nobody_else(settings: Any) -> None:
    settings.METRICS_TOKEN = "right-token"
    for header in (
        None,
        "",
        "right-token",
        "Bearer wrong-token",
        "Bearer right-token ",
        "Bearer é",
    ):
        given: Any = {} if header is None else {"HTTP_AUTHORIZATION": header}
        answer = Client(**given).get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), header
    far = Client(REMOTE_ADDR="203.0.113.5", HTTP_AUTHORIZATION="Bearer right-token")
    assert far.get("/metrics").status_code == 200
    assert far.post("/metrics").status_code == 405


def test_requests_are_told_by_route_and_never_by_path() -> None:
    before = figures()
    Buyer().api.get("/api/v1/payments/intents/0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1")
    APIClient().get("/api/v1/whatever-somebody-types")
    APIClient().generic("BREW", "/api/v1/config")
    after = figures()
    new = {name: value - before.get(name, 0) for name, value in after.items()}
    route = 'route="api/v1/payments/intents/<uuid:intent_id>"'
    assert new["pairly_http_requests_total", f'method="GET",{route},status="404"'] == 1
    assert new["pairly_http_request_seconds_count", route] == 1
    unmatched = 'method="GET",route="unmatched",status="404"'
    assert new["pairly_http_requests_total", unmatched] == 1
    odd = 'method="other",route="api/v1/config",status="405"'
    assert new["pairly_http_requests_total", odd] == 1
    assert not [labels for _name, labels in after if "whatever" in labels or "0199b1d5" in labels]


@pytest.mark.mongodb
def test_the_figures_are_those_of_the_database() -> None:
    before = figures()
    buyer = Buyer()
    intent = buyer.intent()
    event = stripe_event(intent)
    for signature in ("t=1,v1=guessed", "", ""):
        deliver(event, signature)
    deliver(stripe_event(buyer.intent() | {"provider_ref": "pi_none_of_ours"}))
    now = clock.now()
    raise_alert(kind="fire", key="", severity="critical", title="Fire", now=now)
    found = figures()
    stripe = 'provider="stripe"'
    assert found["pairly_database_up", ""] == 1
    assert found["pairly_webhooks_last_hour", f'{stripe},state="done"'] == 1
    assert found["pairly_webhooks_open", f'{stripe},state="failed"'] == 1
    assert found["pairly_intents_last_hour", 'status="succeeded"'] == 1
    assert found["pairly_intents_open", 'status="created"'] == 1
    assert found["pairly_alerts_open", 'kind="fire",severity="critical"'] == 1
    assert found["pairly_outbox_events", 'state="failed"'] == 0
    for outcome, count in (("refused", 1), ("stored", 2), ("duplicate", 1)):
        name = "pairly_webhook_deliveries_total", f'outcome="{outcome}",{stripe}'
        assert found[name] - before.get(name, 0) == count, outcome

    assert (found["pairly_ledger_blocks", ""], found["pairly_ledger_unsealed_transfers", ""]) == (
        0,
        3,
    )
    seal_ledger()
    found = figures()
    assert found["pairly_ledger_unsealed_transfers", ""] == 0
    assert found["pairly_ledger_sealed_transfers", ""] == 3


def test_sockets_and_messages_of_this_process(live_server_url: str) -> None:
    before = figures()
    ava, ben = (Person.register(live_server_url, name) for name in ("Ava", "Ben"))
    body = {"client_id": "1", "to_user_id": ben.id, "kind": "text", "text": "Hello"}
    try:
        ava.socket().command("message.send", body)
        found = figures()
    finally:
        for person in (ava, ben):
            person.close()
    sockets = "pairly_sockets_open", ""
    assert found[sockets] - before[sockets] == 1
    sent = "pairly_messages_sent_total", ""
    assert found[sent] - before[sent] == 1
    batches = "pairly_batch_requests_count", 'batcher="writer"'
    assert found[batches] - before[batches] == 1


def test_figures_of_the_database_are_read_once_in_a_while(settings: Any) -> None:
    settings.METRICS_CACHE_SECONDS = 0
    figures()
    settings.METRICS_CACHE_SECONDS = 3600
    raise_alert(kind="fire", key="", severity="critical", title="Fire", now=clock.now())
    fire = "pairly_alerts_open", 'kind="fire",severity="critical"'
    assert fire not in figures()
    settings.METRICS_CACHE_SECONDS = 0
    assert figures()[fire] == 1


def test_without_a_database_the_process_still_tells_of_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> Any:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(gauges, "open_alerts", fail)
        found = figures()
    assert found["pairly_database_up", ""] == 0
    assert not [name for name, _labels in found if name.startswith("pairly_intents")]
    assert ("pairly_sockets_open", "") in found
    assert figures()["pairly_database_up", ""] == 1


def test_every_name_is_ours_or_the_librarys() -> None:
    prefixes = ("pairly_", "python_", "process_")
    assert all(family.name.startswith(prefixes) for family in REGISTRY.collect())
