"""What a staff route demands beyond being signed in."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from pairly.accounts import roles
from pairly.accounts.errors import SecondFactorRequired
from pairly.core.errors import NotFound

__all__ = ["StaffPermission"]


class StaffPermission(BasePermission):
    """Staff with a permission of ``roles.PERMISSIONS``, on a sign-in whose second factor was
    verified: ``permission_classes = (StaffPermission("users.view"),)``.

    Others get 404, staff without a verified second factor 403 ``second_factor_required``, staff
    without the permission 403 ``permission_denied``. ``acting`` is the permission for methods that
    change something, where it is another one.

    REST framework calls what stands in ``permission_classes``, so an instance answers itself.
    """

    def __init__(self, code: str, *, acting: str | None = None) -> None:
        for name in (code, acting or code):
            if name not in roles.PERMISSIONS:
                raise ValueError(f"there is no permission {name!r}")
        self.code = code
        self.acting = acting or code

    def __call__(self) -> "StaffPermission":
        return self

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if not request.user.is_staff:
            raise NotFound
        sign_in: Any = request.auth
        if sign_in is None or sign_in.second_factor_at is None:
            raise SecondFactorRequired
        code = self.code if request.method in ("GET", "HEAD", "OPTIONS") else self.acting
        return request.user.has_perm(code)
