"""Wire shapes of the wallet and the ledger."""

from typing import Any

from rest_framework import serializers

__all__ = [
    "HeadSerializer",
    "ProofSerializer",
    "TransactionSerializer",
    "WalletSerializer",
]


class WalletSerializer(serializers.Serializer[Any]):
    balance = serializers.IntegerField(help_text="All credits, held ones included.")
    held = serializers.IntegerField(help_text="For a call, a review, a refund or a dispute.")
    available = serializers.IntegerField(help_text="What may be spent now; 0 with debt or frozen.")
    debt = serializers.IntegerField(help_text="Owed; settled by the next purchase.")
    frozen = serializers.BooleanField(help_text="Staff have stopped spending for now.")


class TransactionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The operation's name, such as `message:<uuid>`.")
    kind = serializers.CharField()
    phase = serializers.CharField(help_text="posted, pending, post or void.")
    amount = serializers.IntegerField(help_text="What was moved, held or freed; positive.")
    credits = serializers.IntegerField(help_text="The change of the balance; 0 for a hold.")
    account = serializers.CharField(help_text="paid, bonus, earnings or debt.")
    counterparty = serializers.CharField(help_text="The kind of the other account.")
    group = serializers.CharField(help_text="Transfers of one operation share it.")
    created_at = serializers.DateTimeField()


class HeadSerializer(serializers.Serializer[Any]):
    block = serializers.IntegerField(help_text="0 before the first block.")
    sequence = serializers.IntegerField(help_text="The last transfer under this head.")
    hash = serializers.CharField()
    signature = serializers.CharField(help_text="Ed25519, hex, of the 32 bytes of the hash.")
    key = serializers.CharField(help_text="The signer's public key, hex.")
    sealed_at = serializers.DateTimeField(allow_null=True)
    keys = serializers.ListField(
        child=serializers.CharField(), help_text="All keys that sign or signed, newest first."
    )


class ProofSerializer(serializers.Serializer[Any]):
    transfer_id = serializers.CharField()
    sequence = serializers.IntegerField()
    leaf = serializers.CharField(help_text="The text whose UTF-8 bytes are hashed.")
    leaf_hash = serializers.CharField(help_text="SHA-256 of 0x00 and the leaf.")
    index = serializers.IntegerField(help_text="The leaf's place in its block, from 0.")
    path = serializers.ListField(
        child=serializers.CharField(), help_text="Sibling hashes from the leaf to the root."
    )
    header = serializers.DictField(
        child=serializers.CharField(), help_text="The block's header, Merkle root included."
    )
    hash = serializers.CharField(help_text="SHA-256 of 0x02 and the canonical header.")
    signature = serializers.CharField()
    key = serializers.CharField()
