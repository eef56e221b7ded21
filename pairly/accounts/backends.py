"""Django's question "may this user …?", answered by the roles."""

from typing import Any

from django.contrib.auth.backends import BaseBackend

from pairly.accounts import roles, selectors
from pairly.accounts.models import User

__all__ = ["RoleBackend"]

REMEMBERED = "_pairly_permissions"


class RoleBackend(BaseBackend):
    """``user.has_perm("users.view")`` asks ``roles.PERMISSIONS``; nothing else permits anything.

    It signs nobody in: the staff site does that, by ``services.sign_in``.
    """

    def get_user(self, user_id: Any) -> User | None:
        """None for the suspended and the deleted, so that their sessions end at once."""
        user = User.objects.filter(pk=user_id).first()
        return user if user is not None and user.is_active else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Read once for each user object, which lives as long as a request."""
        if not (user_obj.is_active and user_obj.is_staff):
            return set()
        if not hasattr(user_obj, REMEMBERED):
            found = roles.permissions_of(selectors.roles_of(user_obj.pk))
            setattr(user_obj, REMEMBERED, found)
        remembered: frozenset[str] = getattr(user_obj, REMEMBERED)
        return set(remembered)

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return perm in self.get_all_permissions(user_obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether any permission of that area is held, ``users`` for example."""
        held = self.get_all_permissions(user_obj)
        return any(code.startswith(f"{app_label}.") for code in held)
