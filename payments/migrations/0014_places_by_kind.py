"""Places know the kind of their transfer, so that those of a kind come out of an index."""

from typing import Any

from django.db import migrations, models

ROWS_AT_ONCE = 1000


def name_kinds(apps: Any, schema_editor: Any) -> None:
    """Done again it does no harm. SQLite has rebuilt the table, and with it its triggers are gone
    until the migration is over."""
    sealed = apps.get_model("payments", "Sealed").objects
    transfers = apps.get_model("payments", "Transfer").objects
    after = 0
    while rows := list(
        sealed.filter(pk__gt=after).order_by("pk").values_list("pk", "transfer_id")[:ROWS_AT_ONCE]
    ):
        kinds = dict(
            transfers.filter(pk__in=[name for _pk, name in rows]).values_list("pk", "kind")
        )
        of_kind: dict[str, list[int]] = {}
        for pk, name in rows:
            of_kind.setdefault(kinds.get(name, ""), []).append(pk)
        for kind, places in of_kind.items():
            sealed.filter(pk__in=places).update(kind=kind)
        after = rows[-1][0]


class Migration(migrations.Migration):
    dependencies = [("payments", "0013_fraud_rules")]

    operations = [
        migrations.AddField(
            model_name="sealed",
            name="kind",
            field=models.CharField(default="", max_length=32),
            preserve_default=False,
        ),
        migrations.RunPython(name_kinds, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="sealed",
            index=models.Index(fields=["kind", "sequence"], name="ledger_sealed_by_kind"),
        ),
    ]
