from django.db import migrations, models
from django.db.models import F

SHOWN = "as far as the other was told"


def show_what_was_delivered(apps, schema_editor):
    conversations = apps.get_model("messaging", "Conversation").objects
    conversations.update(
        first_shown_delivered_seq=F("first_delivered_seq"),
        second_shown_delivered_seq=F("second_delivered_seq"),
    )


class Migration(migrations.Migration):
    """What is delivered under a block does not show to the other either."""

    dependencies = [("messaging", "0003_attachments")]

    operations = [
        *[
            migrations.AddField(
                "conversation",
                f"{side}_shown_delivered_seq",
                models.BigIntegerField(default=0, help_text=SHOWN),
            )
            for side in ("first", "second")
        ],
        *[
            migrations.AlterField(
                "conversation",
                f"{side}_shown_read_seq",
                models.BigIntegerField(default=0, help_text=SHOWN),
            )
            for side in ("first", "second")
        ],
        migrations.RunPython(show_what_was_delivered, migrations.RunPython.noop),
    ]
