"""Scoring without a database but for the rules: each rule at its edges, points, bands, shadow."""

from typing import Any

import pytest

from pairly.core.ids import new_id
from payments.fraud.models import Band
from payments.fraud.rule_sets import present_rules
from payments.fraud.rules import BadRules, Bands, Rule, Rules, Score, evaluate, read_rules
from payments.fraud.signals import SIGNALS, Context, Favourite, SeenAccount

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ORDINARY = {"account_age_ms": 10 * DAY, "amount_minor": 5000, "credits": 50}
SOMEBODY = new_id()


def context(**values: Any) -> Context:
    return Context(**{**ORDINARY, **values})


def ages(count: int, age_ms: int) -> list[int]:
    return [age_ms] * count


def sharing(count: int, age_ms: int) -> list[SeenAccount]:
    return [SeenAccount(new_id(), age_ms) for _ in range(count)]


def favourite(credits: int, age_ms: int) -> dict[str, Any]:
    return {"spent_credits": 100, "favourite": Favourite(SOMEBODY, credits, age_ms)}


def hits(score: Score) -> dict[str, int]:
    """What counted, by rule."""
    return {hit.rule: hit.points for hit in score.hits if hit.counted}


EDGES: list[tuple[str, int, dict[str, Any], dict[str, Any]]] = [
    (
        "attempts_in_an_hour",
        15,
        {"attempt_ages_ms": [*ages(2, HOUR - 1), HOUR]},
        {"attempt_ages_ms": [*ages(2, 0), HOUR - 1]},
    ),
    (
        "many_attempts_in_an_hour",
        30,
        {"attempt_ages_ms": [*ages(4, HOUR - 1), HOUR]},
        {"attempt_ages_ms": ages(5, HOUR - 1)},
    ),
    (
        "large_amount_on_new_account",
        20,
        {"amount_minor": 30000, "account_age_ms": DAY - 1},
        {"amount_minor": 30001, "account_age_ms": DAY - 1},
    ),
    (
        "large_amount_on_new_account",
        20,
        {"amount_minor": 30001, "account_age_ms": DAY},
        {"amount_minor": 30001, "account_age_ms": DAY - 1},
    ),
    ("account_under_a_day", 10, {"account_age_ms": DAY}, {"account_age_ms": DAY - 1}),
    ("account_under_a_week", 5, {"account_age_ms": 7 * DAY}, {"account_age_ms": 7 * DAY - 1}),
    (
        "failures_in_a_day",
        20,
        {"failure_ages_ms": [*ages(3, 0), DAY]},
        {"failure_ages_ms": [*ages(3, 0), DAY - 1]},
    ),
    (
        "shared_address",
        25,
        {"sharing": [*sharing(1, 0), *sharing(1, 30 * DAY)]},
        {"sharing": [*sharing(1, 0), *sharing(1, 30 * DAY - 1)]},
    ),
    (
        "country_mismatch",
        15,
        {"country": "IN", "profile_country": "IN"},
        {"country": "DE", "profile_country": "IN"},
    ),
    ("disposable_mail", 15, {"disposable_mail": False}, {"disposable_mail": True}),
    ("hoard", 20, {"unused_credits": 1000}, {"unused_credits": 1001}),
    ("self_dealing", 60, favourite(80, 0), favourite(81, 0)),
    ("self_dealing", 60, favourite(100, DAY), favourite(100, DAY - 1)),
    ("self_dealing", 60, favourite(99, 0) | {"spent_credits": 99}, favourite(100, 0)),
    ("earlier_dispute", 60, {"disputes": 0}, {"disputes": 1}),
    (
        "good_history",
        -25,
        {"settled": 4, "first_settled_age_ms": 60 * DAY},
        {"settled": 5, "first_settled_age_ms": 60 * DAY},
    ),
    (
        "good_history",
        -25,
        {"settled": 5, "first_settled_age_ms": 60 * DAY - 1},
        {"settled": 5, "first_settled_age_ms": 60 * DAY},
    ),
]

SHADOW_EDGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "attempts_in_ten_minutes",
        {"attempt_ages_ms": [*ages(2, 0), 10 * MINUTE]},
        {"attempt_ages_ms": [*ages(2, 0), 10 * MINUTE - 1]},
    ),
    (
        "attempts_in_a_day",
        {"attempt_ages_ms": [*ages(9, 2 * HOUR), DAY]},
        {"attempt_ages_ms": [*ages(9, 2 * HOUR), DAY - 1]},
    ),
    (
        "amount_above_the_past",
        {"credits": 150, "largest_settled_credits": 50},
        {"credits": 152, "largest_settled_credits": 50},
    ),
]


@pytest.mark.parametrize(("rule", "points", "below", "above"), EDGES)
def test_each_rule_alone_at_its_edge(
    rule: str, points: int, below: dict[str, Any], above: dict[str, Any]
) -> None:
    rules = present_rules()
    assert rule not in hits(evaluate(rules, context(**below)))
    assert hits(evaluate(rules, context(**above)))[rule] == points


@pytest.mark.parametrize(("rule", "below", "above"), SHADOW_EDGES)
def test_a_shadow_rule_is_noted_and_gives_no_points(
    rule: str, below: dict[str, Any], above: dict[str, Any]
) -> None:
    rules = present_rules()
    assert rule not in {hit.rule for hit in evaluate(rules, context(**below)).hits}
    score = evaluate(rules, context(**above))
    (noted,) = (hit for hit in score.hits if hit.rule == rule)
    assert noted.shadow and not noted.counted and rule not in hits(score)
    assert score.points == sum(hits(score).values())


def test_the_tests_above_know_every_rule_and_the_rules_every_signal() -> None:
    rules = present_rules().rules
    assert {rule.name for rule in rules if not rule.shadow} == {edge[0] for edge in EDGES}
    assert {rule.name for rule in rules if rule.shadow} == {edge[0] for edge in SHADOW_EDGES}
    assert {rule.signal for rule in rules} == SIGNALS.keys()


def test_an_ordinary_first_purchase_of_a_new_account_is_allowed() -> None:
    """Of the dearest package, on an address that is shared, still: a second thing must be odd."""
    rules = present_rules()
    first = evaluate(rules, context(account_age_ms=MINUTE, amount_minor=5000, unused_credits=20))
    assert (first.points, first.band) == (10, Band.ALLOW)
    dear = evaluate(rules, context(account_age_ms=MINUTE, amount_minor=35000, credits=600))
    assert (dear.points, dear.band) == (30, Band.ALLOW)


def test_points_add_up_and_the_strongest_rule_of_a_signal_counts_alone() -> None:
    new = {"account_age_ms": HOUR, "amount_minor": 35000, "attempt_ages_ms": ages(5, MINUTE)}
    score = evaluate(present_rules(), context(**new))
    assert hits(score) == {
        "many_attempts_in_an_hour": 30,
        "account_under_a_day": 10,
        "large_amount_on_new_account": 20,
    }
    assert (score.points, score.band) == (60, Band.REVIEW)
    weaker = {hit.rule for hit in score.hits if not hit.counted and not hit.shadow}
    assert weaker == {"attempts_in_an_hour", "account_under_a_week"}
    trusted = {"settled": 9, "first_settled_age_ms": 90 * DAY, "account_age_ms": 99 * DAY}
    assert evaluate(present_rules(), context(**trusted)).points == -25


@pytest.mark.parametrize(
    ("points", "band"),
    [(-25, "allow"), (0, "allow"), (39, "allow"), (40, "review"), (69, "review"), (70, "block")],
)
def test_bands(points: int, band: str) -> None:
    assert Bands(40, 70).band_of(points) == band


def test_the_bands_are_settings(settings: Any) -> None:
    settings.FRAUD_REVIEW_POINTS, settings.FRAUD_BLOCK_POINTS = 10, 11
    assert evaluate(present_rules(), context(account_age_ms=HOUR)).band == Band.REVIEW


def test_what_is_unknown_matches_nothing() -> None:
    rules = present_rules()
    unknown = context(amount_minor=None, account_age_ms=HOUR, country="", profile_country="IN")
    assert hits(evaluate(rules, unknown)) == {"account_under_a_day": 10}


def test_a_rule_says_in_words_when_it_matches(settings: Any) -> None:
    settings.CURRENCY_DEFAULT = "INR"
    said = {rule.name: rule.sentence for rule in present_rules().rules}
    assert said["attempts_in_an_hour"] == "more than 3 attempts to buy within 1 hour"
    assert (
        "₹300.00, or its like, on an account younger than 1 day"
        in (said["large_amount_on_new_account"])
    )
    assert "more than 80 % of what was spent" in said["self_dealing"]
    assert said["good_history"].endswith("the first at least 60 days ago")


GOOD: dict[str, Any] = {
    "name": "a_rule",
    "signal": "attempts",
    "more_than": 3,
    "window_minutes": 60,
    "points": 5,
}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"signal": "moon_phase"}, "there is no signal"),
        ({"more_than": 101}, "could never match"),
        ({"more_than": -1}, ">= 0"),
        ({"window_minutes": 0}, "window must be 1 to 1,440"),
        ({"window_minutes": 1441}, "window must be 1 to 1,440"),
        ({"signal": "disputes"}, "takes no window"),
        ({"points": 0}, "without points"),
        ({"points": 101}, "<= 100"),
        ({"points": "5"}, "Expected `int`"),
        ({"name": "A rule"}, "matching regex"),
        ({"colour": "red"}, "unknown field"),
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, Any], says: str) -> None:
    assert read_rules([GOOD]) == [Rule(**GOOD)]
    with pytest.raises(BadRules, match=says):
        read_rules([{**GOOD, **wrong}])


def test_a_rule_set_is_neither_empty_nor_ambiguous() -> None:
    for rows, says in (([], "1 to 50"), ([GOOD, GOOD], "two rules"), ({"a": 1}, "array")):
        with pytest.raises(BadRules, match=says):
            read_rules(rows)
    with pytest.raises(BadRules, match="1 to 50"):
        read_rules([{**GOOD, "name": f"rule_{number}"} for number in range(51)])


def test_scoring_is_pure() -> None:
    rules = Rules(0, read_rules([GOOD]), Bands(40, 70))
    suspect = context(attempt_ages_ms=ages(9, 1))
    assert evaluate(rules, suspect) == evaluate(rules, suspect)
