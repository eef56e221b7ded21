"""Wire shapes of the ledger as staff see it."""

from typing import Any

from rest_framework import serializers

from payments.ledger.models import Account, Block, Transfer

__all__ = [
    "StaffAccountSerializer",
    "StaffAccountsQuerySerializer",
    "StaffBlockSerializer",
    "StaffTransferSerializer",
    "StaffTransfersQuerySerializer",
    "VerificationSerializer",
]

TEXT_LENGTH_MAX = 200


class StaffAccountsQuerySerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        required=False,
        max_length=TEXT_LENGTH_MAX,
        help_text="A person's id or e-mail address, an account's id, or how its key begins.",
    )


class StaffTransfersQuerySerializer(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(required=False)
    operation = serializers.CharField(
        required=False,
        max_length=TEXT_LENGTH_MAX,
        help_text="How the id begins: `message:` for a kind, `purchase:<id>` for one.",
    )
    since = serializers.DateTimeField(required=False, help_text="Made at this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Made before this time.")


class StaffAccountSerializer(serializers.ModelSerializer[Account]):
    class Meta:
        model = Account
        fields = ("id", "key", "owner_id", "kind", "asset", "balance", "held", "stops")
        read_only_fields = fields


class StaffTransferSerializer(serializers.ModelSerializer[Transfer]):
    debit = serializers.CharField(source="debit.key")
    credit = serializers.CharField(source="credit.key")

    class Meta:
        model = Transfer
        fields = (
            "id",
            "debit",
            "credit",
            "amount",
            "asset",
            "kind",
            "group",
            "phase",
            "resolves",
            "meta",
            "created_at",
            "leaf_hash",
        )
        read_only_fields = fields


class StaffBlockSerializer(serializers.ModelSerializer[Block]):
    class Meta:
        model = Block
        fields = (
            "number",
            "first_sequence",
            "count",
            "previous_hash",
            "root",
            "totals",
            "sealed_at",
            "key",
            "hash",
            "signature",
        )
        read_only_fields = fields


class VerificationSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    blocks = serializers.IntegerField()
    transfers = serializers.IntegerField()
    problem = serializers.DictField(
        allow_null=True, help_text="The first bad place and what is wrong there."
    )
