"""What is deployed for Prometheus and Grafana asks for nothing that ``/metrics`` does not tell."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from calling.services.endings import ENDED
from pairly.alerts.models import Severity
from pairly.alerts.services import raise_alert
from pairly.core import clock
from pairly.core.batching import BATCH_SIZES
from pairly.jobs.runs import noted
from pairly.monitoring.gauges import OUTBOX_STATES
from pairly.schedule import TASKS_BY_NAME
from payments.measures import OPEN_STATES
from payments.tests.buyers import Buyer, deliver, stripe_event

ROOT = Path(__file__).resolve().parents[3]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS = json.loads((ROOT / "deploy/grafana/pairly.json").read_text())["panels"]
TARGET_LABELS = {"job", "instance"}
"""Prometheus gives each sample those of where it asked, and ``up`` beside."""
VALUES: dict[str, set[str]] = {
    "name": set(TASKS_BY_NAME),
    "state": {str(state) for state in (*OPEN_STATES, *OUTBOX_STATES)},
    "severity": set(Severity.values),
    "job": {"pairly"},
}


def queries() -> Iterator[tuple[str, str]]:
    """Where it stands, and the query."""
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def nodes(node: Any) -> Iterator[Any]:
    yield node
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        if (inner := getattr(node, name, None)) is not None:
            yield from nodes(inner)
    for argument in getattr(node, "args", ()):
        yield from nodes(argument)


def told() -> dict[str, set[str]]:
    """Each sample of ``/metrics`` and its labels, once everything has been there that can."""
    buyer = Buyer()
    deliver(stripe_event(buyer.intent()))
    deliver(stripe_event(buyer.intent() | {"provider_ref": "pi_none_of_ours"}))
    ENDED.labels("completed")
    BATCH_SIZES.labels("writer")
    noted("outbox.dispatch_outbox", lambda: None)
    raise_alert(kind="fire", key="", severity="critical", title="Fire", now=clock.now())
    samples: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(Client().get("/metrics").content.decode()):
        for sample in family.samples:
            samples.setdefault(sample.name, set()).update(sample.labels)
    return samples


def test_rules_and_dashboard_name_what_there_is(settings: Any) -> None:
    settings.METRICS_CACHE_SECONDS = 0
    samples = told()
    for place, query in queries():
        parts = list(nodes(promql_parser.parse(query)))
        selectors = [part for part in parts if isinstance(part, promql_parser.VectorSelector)]
        assert selectors, place
        labels = set(TARGET_LABELS)
        for one in selectors:
            assert one.name in samples, f"{place}: there is no {one.name}"
            labels |= samples[one.name]
            for matcher in one.matchers.matchers:
                assert matcher.name in samples[one.name] | TARGET_LABELS, f"{place}: {matcher.name}"
                if known := VALUES.get(matcher.name):
                    assert set(matcher.value.split("|")) <= known, f"{place}: {matcher.value}"
        for part in parts:
            grouped = getattr(getattr(part, "modifier", None), "labels", None)
            assert set(grouped or ()) <= labels, f"{place}: {grouped}"


def test_each_rule_tells_how_bad_it_is_and_what_to_do() -> None:
    page = (ROOT / "docs/operating.md").read_text()
    for rule in RULES:
        assert rule["labels"]["severity"] in Severity.values
        assert rule["annotations"]["summary"]
        assert f"| `{rule['alert']}` |" in page, (
            f"docs/operating.md does not tell of {rule['alert']}"
        )
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
