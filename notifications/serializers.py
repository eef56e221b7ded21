"""Wire shapes of notifications over REST."""

from typing import Any

from rest_framework import serializers

from notifications.kinds import CATEGORIES, KINDS
from notifications.models import Delivery, Notification
from notifications.quiet import parse_time
from notifications.rendering import LANGUAGES
from pairly.core.serializers import StrictSerializer

__all__ = [
    "ChangePreferencesSerializer",
    "NotificationQuerySerializer",
    "NotificationSerializer",
    "PreferencesSerializer",
    "ReceiptSerializer",
    "UnreadSerializer",
]


class NotificationQuerySerializer(StrictSerializer):
    unread = serializers.BooleanField(default=False, help_text="Only those that are unread.")


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    category = serializers.SerializerMethodField()
    data = serializers.DictField(  # type: ignore[assignment]
        child=serializers.CharField(), help_text="What to open: ids of ours."
    )

    class Meta:
        model = Notification
        fields = (
            *("id", "kind", "category", "title", "body", "data", "count", "created_at"),
            "read_at",
        )
        read_only_fields = fields

    def get_category(self, row: Notification) -> str:
        kind = KINDS.get(row.kind)
        return kind.category if kind else ""


class ReceiptSerializer(StrictSerializer):
    event = serializers.ChoiceField([Delivery.Receipt.DELIVERED, Delivery.Receipt.OPENED])


class UnreadSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class TimeOfDayField(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            parse_time(text)
        except ValueError as error:
            raise serializers.ValidationError("A time as 22:30.", "invalid") from error
        return str(text)


class QuietHoursSerializer(StrictSerializer):
    """By the clock of the person's time zone, perhaps over midnight."""

    start = TimeOfDayField(max_length=5)
    end = TimeOfDayField(max_length=5)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["start"] == values["end"]:
            raise serializers.ValidationError({"end": "It must differ from the start."})
        return values


def _categories() -> Any:
    """One field for each category, and in it one for each of its channels."""
    fields: dict[str, Any] = {}
    for one in CATEGORIES.values():
        name = f"{one.name.title().replace('_', '')}Channels"
        channels: dict[str, Any] = {
            channel: serializers.BooleanField(required=False) for channel in one.channels
        }
        fields[one.name] = type(name, (StrictSerializer,), channels)(required=False)
    return type("CategoriesSerializer", (StrictSerializer,), fields)(required=False)


class ChangePreferencesSerializer(StrictSerializer):
    """What is left out stays as it is."""

    language = serializers.ChoiceField(list(LANGUAGES.items()), required=False)
    marketing = serializers.BooleanField(required=False, help_text="Consent to offers.")
    quiet_hours = QuietHoursSerializer(
        required=False, allow_null=True, help_text="When messages, missed calls and offers wait."
    )
    categories = _categories()


class PreferencesSerializer(serializers.Serializer[Any]):
    language = serializers.ChoiceField(list(LANGUAGES.items()))
    marketing = serializers.BooleanField()
    quiet_hours = QuietHoursSerializer(allow_null=True)
    categories = serializers.DictField(
        child=serializers.DictField(child=serializers.BooleanField()),
        help_text="Of each category and channel, whether it is wanted. "
        + ", ".join(one.name for one in CATEGORIES.values() if not one.may_be_refused)
        + " cannot be refused.",
    )
