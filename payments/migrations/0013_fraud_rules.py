"""The fraud rules that every installation starts with; staff change them afterwards."""

from typing import Any

from django.db import migrations

from pairly.core import clock

MINUTE, HOUR, DAY = 1, 60, 24 * 60

# Name, signal, more than, window in minutes, points. The last three only watch at first.
RULES = (
    ("attempts_in_an_hour", "attempts", 3, HOUR, 15),
    ("many_attempts_in_an_hour", "attempts", 5, HOUR, 30),
    ("large_amount_on_new_account", "amount_on_new_account", 30000, DAY, 20),
    ("account_under_a_day", "new_account", 0, DAY, 10),
    ("account_under_a_week", "new_account", 0, 7 * DAY, 5),
    ("failures_in_a_day", "failures", 3, DAY, 20),
    ("shared_address", "accounts_at_address", 2, 30 * DAY, 25),
    ("country_mismatch", "country_mismatch", 0, 0, 15),
    ("disposable_mail", "disposable_mail", 0, 0, 15),
    ("hoard", "unused_credits", 1000, 0, 20),
    ("self_dealing", "percent_to_fresh_person", 80, DAY, 60),
    ("earlier_dispute", "disputes", 0, 0, 60),
    ("good_history", "settled_purchases", 4, 60 * DAY, -25),
)
SHADOW_RULES = (
    ("attempts_in_ten_minutes", "attempts", 3, 10 * MINUTE, 15),
    ("attempts_in_a_day", "attempts", 10, DAY, 15),
    ("amount_above_the_past", "percent_of_largest_purchase", 300, 0, 10),
)


def put_in_force(apps: Any, schema_editor: Any) -> None:
    rule_set_model = apps.get_model("payments", "RuleSet")
    if rule_set_model.objects.exists():
        return
    rules = [
        {
            "name": name,
            "signal": signal,
            "more_than": more_than,
            "window_minutes": window_minutes,
            "points": points,
            "shadow": shadow,
        }
        for shadow, group in ((False, RULES), (True, SHADOW_RULES))
        for name, signal, more_than, window_minutes, points in group
    ]
    rule_set_model.objects.create(
        number=1, rules=rules, reason="The first rules", created_at=clock.now()
    )


def keep(apps: Any, schema_editor: Any) -> None:
    """Going back leaves the row to the migration that drops its table."""


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_fraud")]

    operations = [migrations.RunPython(put_in_force, keep)]
