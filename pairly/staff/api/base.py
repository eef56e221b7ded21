"""What the staff routes share."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request

from pairly.audit.services import look
from pairly.core.http import request_id_of

__all__ = ["asked", "look_at", "who"]


def asked(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The checked query of a list. Raises REST framework's ``ValidationError``."""
    checked = serializer(data=request.query_params)
    checked.is_valid(raise_exception=True)
    values: dict[str, Any] = checked.validated_data
    return values


def who(request: Request) -> dict[str, Any]:
    """Actor and request, as the services take them."""
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}


def look_at(request: Request, user_id: UUID, what: str) -> None:
    look(**who(request), action=what, target_type="user", target_id=user_id)
