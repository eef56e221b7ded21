"""What a route demands beyond being signed in."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from pairly.accounts import roles, selectors

__all__ = ["HasPermission"]


class HasPermission(BasePermission):
    """Staff with a permission of ``roles.PERMISSIONS``: ``[HasPermission("users.view")]``.

    REST framework calls what stands in ``permission_classes``, so an instance answers itself.
    """

    def __init__(self, code: str) -> None:
        if code not in roles.PERMISSIONS:
            raise ValueError(f"there is no permission {code!r}")
        self.code = code

    def __call__(self) -> "HasPermission":
        return self

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.user.is_authenticated and selectors.has_permission(request.user, self.code)
