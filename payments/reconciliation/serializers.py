"""Wire shapes of runs and breaks."""

from typing import Any

import orjson
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer
from payments.reconciliation.models import Break, Reconciliation

__all__ = [
    "AssignBreakSerializer",
    "BreakDecisionSerializer",
    "BreakSerializer",
    "BreaksQuerySerializer",
    "RunSerializer",
    "RunsQuerySerializer",
]


class TotalsSerializer(serializers.Serializer[Any]):
    """Minor units of one currency, in the time of the run."""

    statement = serializers.IntegerField()
    ledger = serializers.IntegerField()
    fees = serializers.IntegerField(help_text="On the statement.")


class RunSerializer(serializers.ModelSerializer[Reconciliation]):
    totals = serializers.SerializerMethodField(help_text="By currency.")

    class Meta:
        model = Reconciliation
        fields = (
            "id",
            "provider",
            "since",
            "until",
            "state",
            "started_at",
            "finished_at",
            "lines",
            "bookings",
            "mended",
            "fees_booked",
            "breaks_found",
            "breaks_opened",
            "breaks_closed",
            "totals",
            "error",
        )

    @extend_schema_field(serializers.DictField(child=TotalsSerializer()))
    def get_totals(self, run: Reconciliation) -> Any:
        return orjson.loads(run.totals)


class BreakSerializer(serializers.ModelSerializer[Break]):
    class Meta:
        model = Break
        fields = (
            "id",
            "provider",
            "kind",
            "subject",
            "currency",
            "statement_minor",
            "ledger_minor",
            "detail",
            "operation",
            "intent_id",
            "occurred_at",
            "opened_at",
            "seen_at",
            "run_id",
            "state",
            "owner_id",
            "note",
            "resolved_at",
            "resolved_by_id",
        )


class RunsQuerySerializer(serializers.Serializer[Any]):
    provider = serializers.CharField(required=False, max_length=16)


class BreaksQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(Break.State.choices, default=Break.State.OPEN.value)
    provider = serializers.CharField(required=False, max_length=16)
    kind = serializers.ChoiceField(Break.Kind.choices, required=False)
    intent_id = serializers.UUIDField(required=False)


class BreakDecisionSerializer(StrictSerializer):
    reason = serializers.CharField(
        max_length=REASON_LENGTH_MAX, help_text="Kept as the break's note, and for the audit log."
    )


class AssignBreakSerializer(StrictSerializer):
    owner_id = serializers.UUIDField(allow_null=True, help_text="Null: nobody.")
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")
