"""Wire shapes of the ledger as staff see it."""

from typing import Any

from rest_framework import serializers

from pairly.core.tabular import FORMATS
from payments.ledger.models import Account, Block, Transfer
from payments.serializers import TransactionSerializer

__all__ = [
    "ChainSerializer",
    "ExportQuerySerializer",
    "StaffAccountSerializer",
    "StaffAccountsQuerySerializer",
    "StaffBlockSerializer",
    "StaffTransferDetailSerializer",
    "StaffTransferSerializer",
    "StaffTransfersPageSerializer",
    "StaffTransfersQuerySerializer",
    "StatementExportQuerySerializer",
    "StatementLineSerializer",
    "TimesQuerySerializer",
    "VerificationSerializer",
]

TEXT_LENGTH_MAX = 200
KIND_LENGTH_MAX = 32


# What is taken


class StaffAccountsQuerySerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        required=False,
        max_length=TEXT_LENGTH_MAX,
        help_text="A person's id or e-mail address, an account's id, or how its key begins.",
    )


class TimesQuerySerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField(required=False, help_text="Made at this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Made before this time.")


class StaffTransfersQuerySerializer(TimesQuerySerializer):
    user_id = serializers.UUIDField(required=False)
    operation = serializers.CharField(
        required=False,
        max_length=TEXT_LENGTH_MAX,
        help_text="How the id begins: `message:` for a sort, `purchase:<id>` for one.",
    )
    kind = serializers.CharField(required=False, max_length=KIND_LENGTH_MAX)
    group = serializers.CharField(
        required=False, max_length=TEXT_LENGTH_MAX, help_text="All legs of one operation."
    )


class StatementExportQuerySerializer(TimesQuerySerializer):
    format = serializers.ChoiceField(FORMATS, default="csv")


class ExportQuerySerializer(StatementExportQuerySerializer):
    kind = serializers.CharField(required=False, max_length=KIND_LENGTH_MAX)


# What is shown


class StaffAccountSerializer(serializers.ModelSerializer[Account]):
    balance = serializers.SerializerMethodField()
    stops = serializers.IntegerField(
        help_text="Why nothing may be spent: 0, or the sum of 1 for debt and 2 for a freeze."
    )

    class Meta:
        model = Account
        fields = ("id", "key", "owner_id", "kind", "asset", "balance", "held", "stops")
        read_only_fields = fields

    def get_balance(self, account: Account) -> int:
        """Of the house as of the newest block, since its accounts keep none."""
        if account.owner_id is not None:
            return account.balance
        totals: dict[str, int] = self.context["house_totals"]
        return totals.get(account.key, 0)


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


class StaffTransfersPageSerializer(serializers.Serializer[Any]):
    results = StaffTransferSerializer(many=True)
    next = serializers.URLField(
        allow_null=True, help_text="The address of the next page; null on the last one."
    )
    cut_at = serializers.DateTimeField(
        allow_null=True, help_text="How far back was looked, if not all the way."
    )


class StaffTransferDetailSerializer(serializers.Serializer[Any]):
    transfer = StaffTransferSerializer()
    sequence = serializers.IntegerField(
        allow_null=True, help_text="Its place in the chain; null for a second, until it is sealed."
    )
    block = serializers.IntegerField(allow_null=True)
    resolves = StaffTransferSerializer(allow_null=True, help_text="The hold that it ends.")
    resolved_by = StaffTransferSerializer(allow_null=True, help_text="What ended this hold.")
    others = StaffTransferSerializer(many=True, help_text="Of its group, 50 at most.")


class StatementLineSerializer(TransactionSerializer):
    balance = serializers.IntegerField(help_text="Paid and bonus credits afterwards.")
    paid = serializers.IntegerField(help_text="What stood on the account afterwards.")
    bonus = serializers.IntegerField()
    earnings = serializers.IntegerField()
    debt = serializers.IntegerField()


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


class ChainSerializer(serializers.Serializer[Any]):
    blocks = serializers.IntegerField()
    transfers = serializers.IntegerField(help_text="Sealed ones.")
    sealed_at = serializers.DateTimeField(allow_null=True)
    head = serializers.CharField(help_text="The newest block's hash.")
    verified_block = serializers.IntegerField(help_text="By the incremental verification.")
    verified_at = serializers.DateTimeField(allow_null=True)


class VerificationSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    blocks = serializers.IntegerField()
    transfers = serializers.IntegerField()
    problem = serializers.DictField(
        allow_null=True, help_text="The first bad place and what is wrong there."
    )
