"""A score as staff read it: the rules that matched, what they were given, and what else the
person has tried to buy."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince

from pairly.accounts.staff_panels import Panel
from pairly.accounts.staff_rows import Names, chip, moment, person_link
from pairly.core import clock
from payments.currencies import format_amount
from payments.fraud.models import Band, FraudCheck, Review, RuleSet
from payments.fraud.rules import Rule, read_rules
from payments.fraud.selectors import checks_of
from payments.fraud.signals import SIGNALS, Context

__all__ = [
    "BAND_COLOURS",
    "STATE_COLOURS",
    "check_link",
    "panels_of",
    "price_of",
    "purchase_link",
]

BAND_COLOURS = {Band.ALLOW: "success", Band.REVIEW: "warning", Band.BLOCK: "danger"}
STATE_COLOURS = {
    Review.State.HELD: "warning",
    Review.State.APPROVED: "success",
    Review.State.REJECTED: "danger",
    Review.State.CLOSED: "",
}
ATTEMPTS_SHOWN = 15


def panels_of(check: FraudCheck) -> list[Panel]:
    return [_score(check), *([_inputs(check)] if check.inputs else []), _attempts(check)]


def price_of(check: FraudCheck) -> str:
    return format_amount(check.amount_minor, check.currency)


def check_link(check: FraudCheck) -> str:
    address = reverse("admin:payments_fraudcheck_change", args=[check.pk])
    return format_html('<a class="staff-link" href="{}">{}</a>', address, f"number {check.number}")


def _score(check: FraudCheck) -> Panel:
    rules = _rules_of(check.rule_set)
    return Panel(
        title="Rules that matched",
        icon="rule",
        wide=True,
        headers=("Rule", "Matches when", "Found", "Points", ""),
        rows=[
            (
                hit["rule"],
                _wrapped(rules[hit["rule"]].sentence),
                SIGNALS[rules[hit["rule"]].signal].show(hit["number"]),
                f"{hit['points']:+}",
                _weight(hit),
            )
            for hit in check.hits
        ],
        empty=f"The scorer failed: {check.error}" if check.error else "None.",
    )


def _rules_of(rule_set: RuleSet | None) -> dict[str, Rule]:
    rules = read_rules(rule_set.rules) if rule_set else []
    return {rule.name: rule for rule in rules}


def _weight(hit: dict[str, Any]) -> str:
    if hit["shadow"]:
        return chip("shadow", "info")
    return chip("counts", "success") if hit["counted"] else chip("a stronger one counts", "")


def _wrapped(text: str) -> str:
    return format_html('<span class="staff-wrap">{}</span>', text)


def _inputs(check: FraudCheck) -> Panel:
    context = msgspec.convert(check.inputs, Context)
    return Panel(
        title="What was known",
        icon="fact_check",
        wide=True,
        facts=[*_account(context), *_history(context), *_connections(context)],
    )


def _account(context: Context) -> Iterator[tuple[str, Any]]:
    like = context.amount_minor
    if like is not None:
        yield "Amount, or its like", format_amount(like, settings.CURRENCY_DEFAULT)
    yield "Account's age", _age(context.account_age_ms)
    yield "Throw-away mail", "yes" if context.disposable_mail else "no"
    yield "Country of the address", context.country or "not known"
    yield "Country of the profile", context.profile_country or "not given"


def _history(context: Context) -> Iterator[tuple[str, Any]]:
    yield "Earlier attempts in a day", _counted(context.attempt_ages_ms)
    yield "Declined in a day", _counted(context.failure_ages_ms)
    settled = f"{context.settled:,}"
    if context.settled:
        settled += f", the first {_age(context.first_settled_age_ms)} ago"
    yield "Purchases that went well", settled
    if context.largest_settled_credits:
        yield "Largest of them", f"{context.largest_settled_credits:,} credits"
    yield "Disputed purchases", f"{context.disputes:,}"
    yield "Unused credits", f"{context.unused_credits:,}"


def _connections(context: Context) -> Iterator[tuple[str, Any]]:
    names = Names.of([one.user_id for one in context.sharing])
    links = [(person_link(one.user_id, names[one.user_id]),) for one in context.sharing]
    yield "Others at the same addresses", format_html_join(", ", "{}", links) or "none"
    favourite = context.favourite
    spent = f"{context.spent_credits:,}"
    if favourite is not None:
        spent = format_html(
            "{}, of these {} for {}, whose account was {} old",
            spent,
            f"{favourite.credits:,}",
            person_link(favourite.user_id, Names.of([favourite.user_id])[favourite.user_id]),
            _age(favourite.account_age_ms),
        )
    yield "Paid credits spent in a week", spent


def _counted(ages_ms: list[int]) -> str:
    return f"{len(ages_ms):,}, the last {_age(ages_ms[0])} before" if ages_ms else "none"


def _age(milliseconds: int) -> str:
    now = clock.now()
    return timesince(now - timedelta(milliseconds=milliseconds), now).replace("\xa0", " ")


def _attempts(check: FraudCheck) -> Panel:
    return Panel(
        title="What this person tried to buy",
        icon="history",
        wide=True,
        headers=("When", "Attempt", "Package", "Amount", "Points", "Band"),
        rows=[_attempt_row(one) for one in checks_of(check.user_id)[:ATTEMPTS_SHOWN]],
        more=f"{reverse('admin:payments_fraudcheck_changelist')}?q={check.user_id}",
        more_text="All of them",
    )


def _attempt_row(one: FraudCheck) -> tuple[Any, ...]:
    return (
        moment(one.created_at),
        check_link(one),
        one.package,
        price_of(one),
        "–" if one.points is None else one.points,
        chip(one.get_band_display(), BAND_COLOURS[Band(one.band)]),
    )


def purchase_link(intent_id: UUID) -> str:
    address = reverse("admin:payments_intent_change", args=[intent_id])
    return format_html('<a class="staff-link" href="{}">{}</a>', address, intent_id)
