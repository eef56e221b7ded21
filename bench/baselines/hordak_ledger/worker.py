"""Hordak's side of the ledger lines; asked as ``bench.ledger`` asks Pairly's."""

import json
import os
import sys
import time
from itertools import cycle

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.baselines.hordak_ledger.settings"

__all__ = ["main"]


def main() -> None:
    django.setup()
    from django.apps import apps
    from django.db import connection, transaction
    from hordak.models import Account
    from moneyed import Money

    with connection.schema_editor() as editor:  # its migrations refuse SQLite for their triggers
        for model in apps.get_models():
            if model._meta.managed:
                editor.create_model(model)
    people, batch = int(sys.argv[1]), int(sys.argv[2])
    sales = Account.objects.create(name="sales", code="1", type="IN", currencies=["EUR"])
    payers = cycle(
        Account.objects.create(name=f"p{n}", code=str(n + 2), type="LI", currencies=["EUR"])
        for n in range(people)
    )
    amount = Money(1, "EUR")

    def transfer(count: int, at_once: int) -> float:
        started = time.perf_counter()
        for _ in range(count // at_once):
            with transaction.atomic():
                for _leg in range(at_once):
                    next(payers).transfer_to(sales, amount)
        return time.perf_counter() - started

    for line in sys.stdin:
        cell, count = json.loads(line)
        at_once = batch if cell == "batches" else 1
        print(json.dumps({"seconds": transfer(max(count, at_once), at_once)}), flush=True)


if __name__ == "__main__":
    main()
