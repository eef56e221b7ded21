"""Each attempt to buy is scored once, stored, and admitted, watched or refused."""

from typing import Any

import pytest

from pairly.alerts.models import Alert
from payments.models import FraudCheck, Intent, RuleSet
from payments.tests.buyers import Buyer, at_once

pytestmark = pytest.mark.mongodb


def checks_of(buyer: Buyer) -> list[FraudCheck]:
    return list(FraudCheck.objects.filter(user_id=buyer.id).order_by("number"))


def test_a_score_is_stored_with_its_inputs_hits_and_rules() -> None:
    buyer = Buyer()
    intent = buyer.intent(package="medium", currency="USD")
    (check,) = checks_of(buyer)
    assert (str(check.pk), check.number, check.rule_set_id) == (intent["id"], 1, 1)
    assert (check.package, check.provider, check.amount_minor, check.currency) == (
        "medium",
        "stripe",
        199,
        "USD",
    )
    assert (check.points, check.band, check.error) == (10, "allow", "")
    assert [(hit["rule"], hit["counted"]) for hit in check.hits] == [
        ("account_under_a_day", True),
        ("account_under_a_week", False),
    ]
    assert check.inputs["unused_credits"] == buyer.available
    assert check.inputs["attempt_ages_ms"] == []


def test_a_blocked_attempt_learns_no_reason_and_is_stored(settings: Any) -> None:
    settings.FRAUD_REVIEW_POINTS, settings.FRAUD_BLOCK_POINTS = 5, 10
    buyer = Buyer()
    for number in (1, 2):
        answer = buyer.begin(key="again")
        assert (answer.status_code, answer.json()["code"]) == (403, "payment_refused")
        said = answer.json()
        assert said["detail"] == said["title"] == "This purchase cannot be made."
        assert not {"points", "score", "hits", "errors"} & said.keys()
        assert [check.band for check in checks_of(buyer)] == ["block"] * number
    assert not Intent.objects.exists()
    settings.FRAUD_BLOCK_POINTS = 11
    assert buyer.begin(key="again").status_code == 201


def test_an_attempt_for_review_looks_like_any_other_to_its_buyer(settings: Any) -> None:
    ordinary = Buyer().intent()
    settings.FRAUD_REVIEW_POINTS = 10
    buyer = Buyer()
    watched = buyer.intent()
    assert watched.keys() == ordinary.keys() and watched["status"] == ordinary["status"]
    assert checks_of(buyer)[0].band == "review"


def test_an_attempt_repeated_under_its_key_is_scored_once() -> None:
    buyer = Buyer()
    for _ in range(3):
        assert buyer.begin(key="once").status_code == 201
    assert len(checks_of(buyer)) == 1


def test_a_worker_that_died_after_scoring_leaves_a_score_to_go_by(
    settings: Any, monkeypatch: Any
) -> None:
    settings.IDEMPOTENCY_LOCK_SECONDS = 0
    buyer = Buyer()
    with monkeypatch.context() as dying:
        dying.setattr("payments.intents.services._insert", die)
        client = buyer.client()
        client.raise_request_exception = False
        assert buyer.begin(key="resumed", client=client).status_code == 500
    (scored,) = checks_of(buyer)
    assert not Intent.objects.exists()
    settings.FRAUD_BLOCK_POINTS = settings.FRAUD_REVIEW_POINTS = 1  # The first score counts.
    answer = buyer.begin(key="resumed")
    assert answer.status_code == 201 and answer.json()["id"] == str(scored.pk)
    assert len(checks_of(buyer)) == 1


def die(*_values: Any) -> None:
    raise RuntimeError("killed")


def test_attempts_at_once_each_see_those_before_them() -> None:
    """Were they blind to each other, a swarm would pass as seven first attempts."""
    buyer = Buyer()
    answers = at_once(7, lambda _number: buyer.begin(client=buyer.client()).status_code)
    assert answers == [201] * 7
    found = checks_of(buyer)
    assert [check.number for check in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [len(check.inputs["attempt_ages_ms"]) for check in found] == [0, 1, 2, 3, 4, 5, 6]
    assert [check.band for check in found] == ["allow"] * 5 + ["review"] * 2


@pytest.mark.parametrize("broken", ["gather", "evaluate", "present_rules"])
def test_when_the_scorer_fails_the_purchase_goes_to_review(
    broken: str, monkeypatch: Any, caplog: Any
) -> None:
    monkeypatch.setattr(f"payments.fraud.services.{broken}", die)
    buyer = Buyer()
    assert buyer.begin().status_code == 201
    (check,) = checks_of(buyer)
    assert (check.band, check.points, check.rule_set_id) == ("review", None, None)
    assert (check.hits, check.inputs, check.error) == ([], {}, "RuntimeError: killed")
    assert any(one.levelname == "ERROR" and "fraud score" in one.message for one in caplog.records)
    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.severity, alert.count) == ("fraud_scorer", "critical", 1)
    assert buyer.begin().status_code == 201
    alert.refresh_from_db()
    assert alert.count == 2


def test_scores_and_rules_are_never_changed() -> None:
    Buyer().intent()
    for model in (FraudCheck, RuleSet):
        with pytest.raises(RuntimeError):
            model.objects.all().delete()
        with pytest.raises(RuntimeError):
            model.objects.update(created_at=None)


def test_ones_own_data_tells_of_attempts_and_not_of_scores(settings: Any) -> None:
    settings.FRAUD_REVIEW_POINTS, settings.FRAUD_BLOCK_POINTS = 5, 10
    buyer = Buyer()
    buyer.begin()
    (told,) = buyer.api.get("/api/v1/me/export").json()["purchase_attempts"]
    assert told.keys() == {"id", "package", "provider", "amount", "currency", "created_at"}
