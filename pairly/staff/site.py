"""The staff site: Django's admin with our theme, second factor and roles.

It is the default site of both databases' admin configuration, so the apps below register on
``django.contrib.admin`` and need not know it.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite

from pairly.accounts.staff_admin import StaffModelAdmin

__all__ = ["StaffSite", "site"]


class StaffSite(UnfoldAdminSite):
    """Only staff whose second factor was verified in this session get past its doors."""

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def register(
        self, model_or_iterable: Any, admin_class: type | None = None, **options: Any
    ) -> None:
        """Pages know our permissions or are not shown. Django's own of groups change roles past
        the table of roles, so they are left out."""
        if admin_class is not None and issubclass(admin_class, StaffModelAdmin):
            super().register(model_or_iterable, admin_class, **options)
            return
        models = (
            [model_or_iterable]
            if isinstance(model_or_iterable, type) and issubclass(model_or_iterable, Model)
            else list(model_or_iterable)
        )
        ours = [one for one in models if not one.__module__.startswith("django.")]
        if ours:
            raise ImproperlyConfigured(f"{ours}: the page must be a StaffModelAdmin")

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.is_active and user.is_staff and user.is_verified())


site = admin.site
