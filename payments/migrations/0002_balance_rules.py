"""MongoDB enforces no CHECK constraint, so mongod itself is told what a balance may be."""

from typing import Any

from django.db import migrations

from pairly.mongodb.validators import set_validator

RULES = {
    "balance": {"$gte": 0},
    "held": {"$gte": 0},
    "$expr": {"$lte": ["$held", "$balance"]},
}


def set_rules(apps: Any, schema_editor: Any) -> None:
    set_validator(schema_editor, apps.get_model("payments", "Account"), RULES)


def remove_rules(apps: Any, schema_editor: Any) -> None:
    set_validator(schema_editor, apps.get_model("payments", "Account"), {})


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunPython(set_rules, remove_rules)]
