"""Rules, scores and the queue as staff see and change them; trying rules on the past."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from pairly.audit.models import AuditEntry
from pairly.staff.tests.people import new_staff, staff_api, staff_browser
from payments.fraud.rule_sets import change_rules, present_rules
from payments.models import FraudCheck, RuleSet
from payments.tests.buyers import Buyer, at_once

pytestmark = pytest.mark.mongodb

CHECKS, REVIEWS, RULES = (
    f"/admin/payments/{name}/" for name in ("fraudcheck", "review", "ruleset")
)
API = "/api/v1/staff/fraud"


def text_of(browser: Any, address: str, **query: str) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, (address, answer.status_code)
    page: str = answer.content.decode()
    return page


def submit(browser: Any, address: str, **values: Any) -> Any:
    """Fill a dialog in; what the page is told."""
    body = {"_form_submitted": "True", **values}
    return browser.post(address, body, headers={"HX-Request": "true"})


def held(buyer: Buyer, settings: Any) -> dict[str, Any]:
    points = settings.FRAUD_REVIEW_POINTS
    settings.FRAUD_REVIEW_POINTS = 10
    intent = buyer.intent()
    buyer.play(intent, "succeed")
    settings.FRAUD_REVIEW_POINTS = points
    return intent


def test_staff_read_scores_with_hits_and_inputs(settings: Any) -> None:
    buyer, other = Buyer(country="IN"), Buyer()
    intent, theirs = buyer.intent(package="xlarge"), other.intent()
    finance = staff_browser("finance")
    for wanted in (buyer.email, buyer.id, intent["id"]):
        page = text_of(finance, CHECKS, q=wanted)
        assert intent["id"] in page and theirs["id"] not in page, wanted
    assert intent["id"] not in text_of(finance, CHECKS, band__exact="block")
    page = text_of(finance, f"{CHECKS}{intent['id']}/change/")
    for shown in (
        *("large_amount_on_new_account", "₹350.00", "30", "Allow", "+20", buyer.email),
        *("a stronger one counts", "Country of the profile", "version 1"),
    ):
        assert shown in page, shown
    for role in ("support", "moderator", "analyst"):
        browser = staff_browser(role)
        for address in (CHECKS, REVIEWS, RULES, f"{CHECKS}{intent['id']}/change/"):
            assert browser.get(address).status_code == 403, (role, address)


def test_a_score_that_failed_is_shown_as_that(monkeypatch: Any) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("payments.fraud.services.gather", lambda *_values: 1 / 0)
        intent = Buyer().intent()
    finance = staff_browser("finance")
    assert "scorer failed" in text_of(finance, CHECKS, band__exact="review")
    page = text_of(finance, f"{CHECKS}{intent['id']}/change/")
    assert "The scorer failed: ZeroDivisionError" in page and "What was known" not in page


def test_staff_work_through_the_queue(settings: Any) -> None:
    buyer = Buyer()
    intent = held(buyer, settings)
    finance = staff_browser("finance")
    assert intent["id"] in text_of(finance, REVIEWS)
    assert intent["id"] not in text_of(finance, REVIEWS, **{"in": "approved"})
    address = f"{REVIEWS}{intent['id']}/change/"
    page = text_of(finance, address)
    for shown in ("Approve", "account_under_a_day", "What was known", buyer.email, "₹50.00"):
        assert shown in page, shown
    approve = f"{REVIEWS}{intent['id']}/approve/"
    assert buyer.api.get("/api/v1/wallet").json()["held"] == 50
    assert submit(finance, approve, reason="").status_code == 200  # Without a reason nothing is.
    assert buyer.api.get("/api/v1/wallet").json()["held"] == 50
    assert submit(finance, approve, reason="Known").headers["HX-Redirect"] == address
    assert buyer.api.get("/api/v1/wallet").json()["held"] == 0
    assert intent["id"] in text_of(finance, REVIEWS, **{"in": "approved"})
    page = text_of(finance, address)
    assert "finance@example.org" in page and f"{intent['id']}/reject" not in page
    other = Buyer()
    second = held(other, settings)
    reject = f"{REVIEWS}{second['id']}/reject/"
    assert submit(finance, reject, reason="A stolen card").headers["HX-Redirect"]
    assert other.look(second)["status"] == "refunded" and other.bought == 0
    assert second["id"] in text_of(finance, REVIEWS, **{"in": "rejected"})


def test_the_home_page_counts_what_waits(settings: Any) -> None:
    finance = staff_browser("finance")
    held(Buyer(), settings)
    page = text_of(finance, "/admin/home-figures/")
    assert "Fraud reviews waiting" in page
    assert "Fraud reviews waiting" not in text_of(staff_browser("support"), "/admin/home-figures/")


def test_staff_change_rules_one_by_one_and_each_change_is_a_version() -> None:
    finance = staff_browser("finance")
    page = text_of(finance, f"{RULES}1/change/")
    assert "more than 1,000 credits lie unused" in page and "Add a rule" in page
    change = f"{RULES}1/change_rule/?rule=hoard"
    assert 'value="1000"' in text_of(finance, change)
    values = {
        "signal": "unused_credits",
        "more_than": 500,
        "window_minutes": 0,
        "points": 25,
        "reason": "Too many hoard",
    }
    answer = submit(finance, change, **values)
    assert answer.headers["HX-Redirect"] == f"{RULES}2/change/"
    assert "more than 500 credits lie unused" in text_of(finance, f"{RULES}2/change/")
    old = text_of(finance, f"{RULES}1/change/")
    assert "replaced" in old and "Add a rule" not in old and "change_rule" not in old
    submit(finance, f"{RULES}2/change_rule/?rule=hoard", **values | {"shadow": "on"})
    new = {**values, "name": "hoard_of_many", "more_than": 5000}
    submit(finance, f"{RULES}3/add_rule/", **new)
    submit(finance, f"{RULES}4/remove_rule/?rule=hoard", reason="Another does it")
    rules = {rule.name: rule for rule in present_rules().rules}
    assert present_rules().number == 5
    assert "hoard" not in rules and rules["hoard_of_many"].more_than == 5000
    assert "hoard" in {row["name"] for row in RuleSet.objects.get(pk=4).rules}
    entries = AuditEntry.objects.filter(action="fraud_rules.changed").order_by("id")
    assert [entry.target_id for entry in entries] == ["2", "3", "4", "5"]
    before, after = (json.loads(text) for text in (entries[0].before, entries[0].after))
    assert ([row["more_than"] for row in before], [row["more_than"] for row in after]) == (
        [1000],
        [500],
    )
    assert submit(finance, change, **values).status_code == 200  # Version 1 is none any more.
    assert present_rules().number == 5
    assert "finance@example.org" in text_of(finance, RULES)


def test_rules_count_for_the_next_attempt_and_shadow_ones_never() -> None:
    api, buyer = staff_api("finance"), Buyer()
    newest = api.get(f"{API}/rules").json()["results"][0]
    assert newest == api.get(f"{API}/rules/1").json()
    wish = {"base_version": 1, "reason": "A try", "rules": newest["rules"]}
    watched = {
        "name": "any_attempt",
        "signal": "attempts",
        "more_than": 0,
        "window_minutes": 60,
        "points": 100,
        "shadow": True,
    }
    answer = api.post(f"{API}/rules", {**wish, "rules": [watched]})
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    intent = buyer.intent()
    check = FraudCheck.objects.get(pk=intent["id"])
    assert (check.rule_set_id, check.points, check.band) == (2, 0, "allow")
    assert [(hit["rule"], hit["shadow"]) for hit in check.hits] == [("any_attempt", True)]
    live = {**watched, "shadow": False}
    assert api.post(f"{API}/rules", {**wish, "base_version": 2, "rules": [live]}).status_code == 201
    assert buyer.begin().status_code == 403
    shown = api.get(f"{API}/checks", {"band": "block", "q": buyer.id}).json()["results"]
    assert [(one["points"], one["rules_version"]) for one in shown] == [(100, 3)]
    whole = api.get(f"{API}/checks/{shown[0]['id']}").json()
    assert len(whole["inputs"]["attempt_ages_ms"]) == 1


def test_bad_and_outdated_rules_are_refused(settings: Any) -> None:
    api = staff_api("finance")
    rules = api.get(f"{API}/rules/1").json()["rules"]
    body = {"base_version": 1, "reason": "A try", "rules": rules}
    for wrong, status in (
        ({}, 400),  # Nothing differs.
        ({"rules": []}, 400),
        ({"rules": [{**rules[0], "points": 0}]}, 400),
        ({"rules": [{**rules[0], "signal": "moon_phase"}]}, 400),
        ({"rules": [{**rules[0], "weight": 3}]}, 400),
        ({"rules": [rules[0], rules[0]]}, 400),
        ({"reason": "", "rules": rules[:1]}, 400),
        ({"base_version": 2, "rules": rules[:1]}, 409),
    ):
        answer = api.post(f"{API}/rules", {**body, **wrong})
        assert answer.status_code == status, (wrong, answer.json())
    settings.STEP_UP_SECONDS = -1
    assert api.post(f"{API}/rules", {**body, "rules": rules[:1]}).status_code == 403
    assert RuleSet.objects.count() == 1


def test_of_two_who_change_the_same_version_one_is_refused() -> None:
    staff = new_staff("finance")
    rows = RuleSet.objects.get(pk=1).rules

    def change(number: int) -> str:
        from pairly.core import clock
        from pairly.core.errors import Conflict

        try:
            change_rules(
                actor_id=staff.pk,
                base_number=1,
                rules=[{**rows[0], "points": number + 1}],
                reason="At once",
                now=clock.now(),
            )
        except Conflict:
            return "refused"
        return "changed"

    assert sorted(at_once(4, change)) == ["changed", *["refused"] * 3]
    assert RuleSet.objects.count() == 2
    assert AuditEntry.objects.filter(action="fraud_rules.changed").count() == 1


def backtest(*arguments: str) -> str:
    out = StringIO()
    call_command("backtest_fraud", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def table(text: str) -> dict[str, list[str]]:
    """The bands' rows of the report."""
    rows = (line.replace(" (", "(").split() for line in text.splitlines())
    return {row[0]: row[1:] for row in rows if row and row[0] in ("Allow", "Review", "Block")}


def test_rules_are_tried_on_past_attempts(settings: Any, tmp_path: Path) -> None:
    calm, busy = Buyer(), Buyer()
    calm_one = calm.intent(package="xlarge")
    for _ in range(6):
        busy.intent()
    for outcome in ("succeed", "dispute"):
        calm.play(calm_one, outcome)
    same = backtest()
    assert "7 attempts, scored by version 1" in same
    assert table(same) == {
        "Allow": ["6(1)", "0", "0"],
        "Review": ["0", "1", "0"],
        "Block": ["0", "0", "0"],
    }
    lines = [" ".join(line.split()) for line in same.splitlines()]
    assert "account_under_a_day 7 (1)" in lines
    assert "attempts_in_ten_minutes 3 shadow" in lines
    proposed = [
        {"name": "dear", "signal": "amount_on_new_account", "more_than": 30000}
        | {"window_minutes": 60, "points": 70},
        {"name": "many", "signal": "attempts", "more_than": 4, "window_minutes": 60, "points": 40},
    ]
    file = tmp_path / "rules.json"
    for content in (proposed, {"rules": proposed, "version": 9}):
        file.write_text(json.dumps(content))
        told = backtest("--rules", str(file))
        assert table(told) == {
            "Allow": ["4", "1", "1(1)"],
            "Review": ["0", "1", "0"],
            "Block": ["0", "0", "0"],
        }
    assert "0 attempts" in backtest("--since", "2099-01-01")
    assert "7 attempts" in backtest("--since", "2020-01-01")


def test_a_backtest_says_what_it_cannot_use(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr("payments.fraud.services.gather", lambda *_values: 1 / 0)
    Buyer().intent()
    assert "1 of them without inputs" in backtest()
    file = tmp_path / "rules.json"
    for content, says in (
        ("[", "unexpected end"),
        ('[{"name": "a"}]', "missing required field"),
        ("[]", "1 to 50"),
    ):
        file.write_text(content)
        with pytest.raises(CommandError, match=says):
            backtest("--rules", str(file))
    with pytest.raises(CommandError, match="No such file"):
        backtest("--rules", str(tmp_path / "absent.json"))
    with pytest.raises(CommandError, match="invalid"):
        backtest("--since", "yesterday")
