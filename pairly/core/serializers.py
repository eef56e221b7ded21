"""The base of every serializer that reads a client's input."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

__all__ = ["StrictSerializer"]

UNKNOWN_NAMES_MAX = 20
UNKNOWN_NAME_LENGTH_MAX = 64


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a ``role`` or a misspelt name is never ignored.

    The error of such a field has the code ``unknown_field``. Text must be text, not a number.
    """

    @classmethod
    def checked(cls, request: Request) -> dict[str, Any]:
        """The values of a request's body. Raises REST framework's ``ValidationError``."""
        serializer = cls(data=request.data)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values

    def to_internal_value(self, data: Any) -> Any:
        refused = self._unknown_fields(data) | self._not_text(data)
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not refused or not isinstance(error.detail, dict):
                raise
            raise serializers.ValidationError({**error.detail, **refused}) from error
        if refused:
            raise serializers.ValidationError(refused)
        return values

    def _not_text(self, data: Any) -> dict[str, list[ErrorDetail]]:
        """REST framework would make text of a number; the socket does not, so nor do we."""
        if not isinstance(data, Mapping):
            return {}
        return {
            name: [ErrorDetail("Not a valid string.", "invalid")]
            for name, field in self.fields.items()
            if isinstance(field, serializers.CharField) and isinstance(data.get(name), (int, float))
        }

    def _unknown_fields(self, data: Any) -> dict[str, list[ErrorDetail]]:
        if not isinstance(data, Mapping):
            return {}
        known = {name for name, field in self.fields.items() if not field.read_only}
        names = [str(name)[:UNKNOWN_NAME_LENGTH_MAX] for name in data if name not in known]
        refused = ErrorDetail("This field is not taken here.", "unknown_field")
        return {name: [refused] for name in names[:UNKNOWN_NAMES_MAX]}
