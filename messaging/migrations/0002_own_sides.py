import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F

NONE, INBOX = 0, 1


def sides(**fields):
    """A field of each side."""
    return [
        migrations.AddField("conversation", f"{side}_{name}", field)
        for side in ("first", "second")
        for name, field in fields.items()
    ]


def carry_over(apps, schema_editor):
    """What both sides had in common becomes each one's own. May run again."""
    Conversation = apps.get_model("messaging", "Conversation")
    Message = apps.get_model("messaging", "Message")
    for side in ("first", "second"):
        Conversation.objects.update(**{f"{side}_updated_at": F("updated_at")})
        Conversation.objects.exclude(opened_at=None).update(
            **{
                f"{side}_folder": INBOX,
                f"{side}_last_seq": F("last_seq"),
                f"{side}_last_message_id": F("last_message_id"),
            }
        )
        people = Conversation.objects.exclude(last_seq=0).values_list("pk", f"{side}_id")
        for conversation_id, user_id in people.iterator():
            sent = Message.objects.filter(conversation_id=conversation_id, sender_id=user_id)
            Conversation.objects.filter(pk=conversation_id).update(**{f"{side}_sent": sent.count()})


def carry_back(apps, schema_editor):
    Conversation = apps.get_model("messaging", "Conversation")
    Conversation.objects.update(updated_at=F("first_updated_at"))
    Conversation.objects.exclude(first_folder=NONE).update(
        opened_at=F("first_updated_at"), last_message_id=F("first_last_message_id")
    )


class Migration(migrations.Migration):
    """Each of the two has an own folder, newest message and place in the list. Messages may be
    edited, deleted and hidden, and carry attachments."""

    dependencies = [
        ("messaging", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex("conversation", "conversation_first_recent"),
        migrations.RemoveIndex("conversation", "conversation_second_recent"),
        *sides(
            folder=models.SmallIntegerField(
                choices=[(0, "None"), (1, "Inbox"), (2, "Archived")], default=0
            ),
            updated_at=models.DateTimeField(
                null=True, help_text="of the newest message, or of the opening"
            ),
            muted=models.BooleanField(default=False),
            last_seq=models.BigIntegerField(default=0),
            last_message_id=models.UUIDField(null=True),
            sent=models.BigIntegerField(default=0, help_text="messages that reached the other"),
        ),
        migrations.RunPython(carry_over, carry_back),
        *[
            migrations.AlterField(
                "conversation",
                f"{side}_updated_at",
                models.DateTimeField(help_text="of the newest message, or of the opening"),
            )
            for side in ("first", "second")
        ],
        migrations.RemoveField("conversation", "last_message_id"),
        migrations.RemoveField("conversation", "opened_at"),
        migrations.RemoveField("conversation", "updated_at"),
        *[
            migrations.AddIndex(
                "conversation",
                models.Index(
                    fields=[side, f"{side}_folder", f"-{side}_updated_at", "-id"],
                    name=f"conversation_{side}_folder",
                ),
            )
            for side in ("first", "second")
        ],
        migrations.AddField(
            "message",
            "attachments",
            models.TextField(default="[]", help_text="JSON, as on the wire"),
        ),
        migrations.AddField("message", "edited_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "message", "deleted_at", models.DateTimeField(null=True, help_text="for both")
        ),
        migrations.AddField(
            "message", "hidden", models.SmallIntegerField(default=0, help_text="flags of Hidden")
        ),
        migrations.AlterField(
            "message",
            "kind",
            models.CharField(
                choices=[
                    ("text", "Text"),
                    ("image", "Image"),
                    ("audio", "Audio"),
                    ("video", "Video"),
                    ("file", "File"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            "message",
            "text",
            models.TextField(help_text="a caption where there are attachments"),
        ),
        migrations.CreateModel(
            name="NewContacts",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        db_column="_id",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("day", models.CharField(help_text="in UTC, as 2026-01-31", max_length=10)),
                ("count", models.IntegerField()),
            ],
        ),
    ]
