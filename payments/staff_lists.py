"""What the lists of payments have in common below ``/api/v1/staff/``."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from pairly.core.ids import first_id_at

__all__ = ["StaffQuerySerializer", "narrowed", "wanted"]

SEARCH_CHARACTERS_MAX = 254


class StaffQuerySerializer(serializers.Serializer[Any]):
    """What every list of payments may be narrowed by."""

    q = serializers.CharField(
        required=False, max_length=SEARCH_CHARACTERS_MAX, help_text="An exact id or address."
    )
    provider = serializers.CharField(required=False, max_length=16)
    since = serializers.DateTimeField(required=False, help_text="Made at this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Made before this time.")


def wanted(serializer_class: Any, request: Request) -> dict[str, Any]:
    """The checked query of a list. Raises REST framework's ``ValidationError``."""
    query = serializer_class(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


def narrowed(rows: "QuerySet[Any]", asked: dict[str, Any], *names: str) -> "QuerySet[Any]":
    """By the columns named and the provider, and by time through the keys."""
    equal = {name: asked[name] for name in (*names, "provider") if name in asked}
    rows = rows.filter(**equal)
    if "since" in asked:
        rows = rows.filter(pk__gte=first_id_at(asked["since"]))
    if "until" in asked:
        rows = rows.filter(pk__lt=first_id_at(asked["until"]))
    return rows
