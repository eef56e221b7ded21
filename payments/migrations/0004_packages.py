"""The packages that every installation starts with; staff change them afterwards."""

from typing import Any

from django.db import migrations

from pairly.core import clock
from pairly.core.ids import new_id

# Code, credits, and minor units of INR and USD.
PACKAGES = (
    ("small", 50, 5000, 99),
    ("medium", 120, 10000, 199),
    ("large", 300, 20000, 399),
    ("xlarge", 600, 35000, 699),
)


def put_on_offer(apps: Any, schema_editor: Any) -> None:
    package_model = apps.get_model("payments", "Package")
    price_model = apps.get_model("payments", "Price")
    if package_model.objects.exists():
        return
    now = clock.now()
    for code, credits, rupees_minor, dollars_minor in PACKAGES:
        package_model.objects.create(code=code, credits=credits, offered=True, created_at=now)
        for currency, amount_minor in (("INR", rupees_minor), ("USD", dollars_minor)):
            price_model.objects.create(
                id=new_id(),
                package_id=code,
                currency=currency,
                amount_minor=amount_minor,
                starts_at=now,
                created_at=now,
            )


def keep(apps: Any, schema_editor: Any) -> None:
    """Going back leaves the rows to the migration that drops their tables."""


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_first_purchase")]

    operations = [migrations.RunPython(put_on_offer, keep)]
