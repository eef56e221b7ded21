"""The ledger's tables: accounts, transfers, what is held, and the chain over the transfers."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from pairly.core.appendonly import AppendOnlyModel
from pairly.core.ids import new_id
from payments.ledger.accounts import FIRST_HOUSE_ID

__all__ = [
    "Account",
    "Block",
    "Checkpoint",
    "OpenHold",
    "Phase",
    "Sealed",
    "Transfer",
    "Unsealed",
    "VerifiedBalance",
]

TRANSFER_ID_CHARACTERS_MAX = 200


class Phase(models.TextChoices):
    """``posted`` moves the amount at once; ``pending`` holds it until one ``post`` or ``void``
    names it."""

    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


class Account(models.Model):
    """One pocket of one owner. ``balance`` and ``held`` stay zero for house accounts.

    ``id`` is made from ``key`` (see ``accounts.account_id``), so that who owns it is under the
    transfers' hashes. ``stops`` says on the paid and bonus accounts why nothing may be spent from
    them: their owner has debt, or staff froze them. Whoever books or settles debt, freezes or
    unfreezes writes these rows, and whoever spends checks and writes them too, so the two can
    never both succeed on MongoDB, where two that only read would.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    key = models.CharField(max_length=100, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(max_length=32)
    asset = models.CharField(max_length=8)
    balance = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    stops = models.PositiveSmallIntegerField(
        default=0, help_text="0, or the sum of 1 for debt and 2 for a freeze"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(balance__gte=0), name="ledger_account_balance"),
            models.CheckConstraint(condition=Q(held__gte=0), name="ledger_account_held"),
            models.CheckConstraint(
                condition=Q(held__lte=F("balance")), name="ledger_account_available"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Transfer(AppendOnlyModel):
    """An amount from one account to another. Balanced by its shape, and never changed.

    Every column but ``leaf_hash`` is under the leaf hash, and that one is under the block's
    Merkle root. ``resolves`` names the pending transfer that a post or void ends, else is empty.
    The indexes by account are of people's accounts alone, which halves what a small commit writes
    of them; so whoever looks up by account says that it is one (``history.newest_first``).
    """

    id = models.CharField(
        primary_key=True,
        max_length=TRANSFER_ID_CHARACTERS_MAX,
        editable=False,
        db_column="_id",
    )
    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField()
    asset = models.CharField(max_length=8)
    kind = models.CharField(max_length=32)
    group = models.CharField(max_length=TRANSFER_ID_CHARACTERS_MAX)
    phase = models.CharField(max_length=8, choices=Phase)
    resolves = models.CharField(max_length=TRANSFER_ID_CHARACTERS_MAX, default="", blank=True)
    created_at = models.DateTimeField()
    meta = models.TextField(help_text="Canonical JSON object of texts")
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_transfer_amount"),
            models.UniqueConstraint(
                fields=["resolves"],
                condition=Q(resolves__gt=""),
                name="ledger_transfer_resolves_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["debit", "created_at", "id"],
                condition=Q(debit__lt=FIRST_HOUSE_ID),
                name="ledger_transfer_by_debit",
            ),
            models.Index(
                fields=["credit", "created_at", "id"],
                condition=Q(credit__lt=FIRST_HOUSE_ID),
                name="ledger_transfer_by_credit",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class OpenHold(models.Model):
    """A note that a pending transfer waits for its post or void, which removes the note."""

    transfer_id = models.CharField(
        primary_key=True, max_length=TRANSFER_ID_CHARACTERS_MAX, db_column="_id"
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.transfer_id


class Unsealed(models.Model):
    """A note, written with some transfers, that they wait to be sealed.

    Its id is the time in nanoseconds, so notes have an order; on SQLite an integer key needs no
    index beside the table, which is one page less to sync in every commit that moves credits.

    ``leaves`` is a JSON list of ``count`` [transfer id, leaf hash, kind] as they were applied,
    ``house`` a JSON object of what each house account gained by them (negative for lost).
    """

    id = models.IntegerField(primary_key=True, editable=False, db_column="_id")
    count = models.IntegerField()
    leaves = models.TextField()
    house = models.TextField()

    def __str__(self) -> str:
        return str(self.id)


class Sealed(AppendOnlyModel):
    """The place of a transfer in the one order of all; its block is the one it lies in.

    ``kind`` repeats the transfer's, so that those of a kind are found by an index that is written
    while sealing and costs the transfers themselves nothing.
    """

    sequence = models.IntegerField(primary_key=True, db_column="_id")
    transfer_id = models.CharField(max_length=TRANSFER_ID_CHARACTERS_MAX, unique=True)
    kind = models.CharField(max_length=32)

    class Meta(AppendOnlyModel.Meta):
        indexes = [models.Index(fields=["kind", "sequence"], name="ledger_sealed_by_kind")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.transfer_id}"


class Block(AppendOnlyModel):
    """A signed header over consecutive transfers. All but ``hash`` and ``signature`` are hashed.

    ``totals`` is canonical JSON: what each house account stands at after the block.
    """

    number = models.IntegerField(primary_key=True, db_column="_id")
    first_sequence = models.BigIntegerField(unique=True)
    count = models.IntegerField()
    previous_hash = models.CharField(max_length=64)
    root = models.CharField(max_length=64)
    totals = models.TextField()
    sealed_at = models.DateTimeField()
    key = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    def __str__(self) -> str:
        return f"block {self.number}"


class Checkpoint(models.Model):
    """How far the incremental verification has come; one row."""

    id = models.CharField(primary_key=True, max_length=16, db_column="_id")
    block_number = models.IntegerField()
    block_hash = models.CharField(max_length=64)
    verified_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id} at block {self.block_number}"


class VerifiedBalance(models.Model):
    """What the transfers up to a sequence number came to, for the next incremental run."""

    account_id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    balance = models.BigIntegerField()
    held = models.BigIntegerField()
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.account_id} {self.balance}"
