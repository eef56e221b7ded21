"""Wire shapes of scores, reviews and rules, for staff."""

from typing import Any

from rest_framework import serializers

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer
from payments.fraud.models import Band, FraudCheck, Review, RuleSet
from payments.fraud.signals import SIGNALS
from payments.staff_lists import StaffQuerySerializer

__all__ = [
    "ChangeFraudRulesSerializer",
    "CheckSerializer",
    "CheckWithInputsSerializer",
    "ChecksQuerySerializer",
    "ReviewSerializer",
    "ReviewWithScoreSerializer",
    "ReviewsQuerySerializer",
    "RuleSetSerializer",
]


class ChecksQuerySerializer(StaffQuerySerializer):
    band = serializers.ChoiceField(required=False, choices=Band.choices)


class ReviewsQuerySerializer(StaffQuerySerializer):
    provider = None  # type: ignore[assignment]  # a review has none of its own
    state = serializers.ChoiceField(required=False, choices=Review.State.choices)


class HitSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    number = serializers.IntegerField(help_text="What the rule's signal came to.")
    points = serializers.IntegerField()
    shadow = serializers.BooleanField()
    counted = serializers.BooleanField(
        help_text="Whether its points are in the score: the strongest of a signal's rules."
    )


class CheckSerializer(serializers.ModelSerializer[FraudCheck]):
    """``id`` is that of the purchase, which a blocked attempt never became."""

    amount = serializers.IntegerField(source="amount_minor", help_text="Minor units.")
    rules_version = serializers.IntegerField(
        source="rule_set_id", allow_null=True, help_text="Null where the scorer failed."
    )
    hits = HitSerializer(many=True)

    class Meta:
        model = FraudCheck
        fields: tuple[str, ...] = (
            "id",
            "user_id",
            "number",
            "package",
            "provider",
            "amount",
            "currency",
            "points",
            "band",
            "rules_version",
            "hits",
            "error",
            "created_at",
        )


class CheckWithInputsSerializer(CheckSerializer):
    inputs = serializers.DictField(help_text="What the rules were given.")

    class Meta(CheckSerializer.Meta):
        fields = (*CheckSerializer.Meta.fields, "inputs")


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """``id`` is that of the purchase; ``held`` the credits that are held now."""

    class Meta:
        model = Review
        fields: tuple[str, ...] = (
            "id",
            "user_id",
            "state",
            "credits",
            "held",
            "actor_id",
            "reason",
            "created_at",
            "decided_at",
        )


class ReviewWithScoreSerializer(ReviewSerializer):
    score = CheckWithInputsSerializer(help_text="The check that led to it.")

    class Meta(ReviewSerializer.Meta):
        fields = (*ReviewSerializer.Meta.fields, "score")


class RuleSerializer(StrictSerializer):
    name = serializers.CharField(max_length=63, help_text="Small letters, digits and _.")
    signal = serializers.ChoiceField(choices=list(SIGNALS))
    more_than = serializers.IntegerField(
        min_value=0, help_text="It matches when the signal's number is above this."
    )
    window_minutes = serializers.IntegerField(
        min_value=0, default=0, help_text="0 for a signal that takes no window."
    )
    points = serializers.IntegerField(help_text="Below zero for what speaks for the buyer.")
    shadow = serializers.BooleanField(
        default=False, help_text="Evaluated and noted, without points."
    )


class RuleSetSerializer(serializers.ModelSerializer[RuleSet]):
    version = serializers.IntegerField(source="number")
    rules = RuleSerializer(many=True)

    class Meta:
        model = RuleSet
        fields = ("version", "rules", "actor_id", "reason", "created_at")


class ChangeFraudRulesSerializer(StrictSerializer):
    """All rules as they are to be from now on, not only those that differ."""

    base_version = serializers.IntegerField(
        min_value=1, help_text="The version they were made from, which must be the newest."
    )
    rules = RuleSerializer(many=True)
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX)
