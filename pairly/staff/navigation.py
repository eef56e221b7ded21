"""The frame of the staff site: what stands beside every page, for whom it is."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from pairly.accounts.staff_admin import AREAS

__all__ = ["account", "environment", "icon", "sidebar", "stylesheet"]

Item = dict[str, Any]


def sidebar(request: HttpRequest) -> list[Item]:
    """Every page that this member of staff may open, by area; areas without any are left out."""
    found: dict[str, list[Item]] = {}
    for area, item in (*_tables(request), *_pages(request)):
        found.setdefault(area, []).append(item)
    areas = [*(area for area in AREAS if area in found), *sorted(found.keys() - set(AREAS))]
    home = {"title": "Home", "icon": "home", "link": reverse("admin:index")}
    return [
        {"items": [home]},
        *({"title": area, "separator": True, "items": found[area]} for area in areas),
    ]


def _tables(request: HttpRequest) -> list[tuple[str, Item]]:
    site: Any = admin.site
    return [
        (
            page.area,
            {
                "title": str(model._meta.verbose_name_plural).capitalize(),
                "icon": page.icon,
                "link": _address_of(model),
            },
        )
        for model, page in site._registry.items()
        if page.has_module_permission(request)
    ]


def _pages(request: HttpRequest) -> list[tuple[str, Item]]:
    site: Any = admin.site
    return [
        (
            page.area,
            {"title": page.title, "icon": page.icon, "link": reverse(f"admin:{page.name}")},
        )
        for page in site.pages
        if request.user.has_perm(page.permission)
    ]


def _address_of(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def account(request: HttpRequest) -> list[dict[str, str]]:
    return [
        {"title": "Your second factor", "link": reverse("admin:second_factor_recovery_codes")},
        {"title": "Change password", "link": reverse("admin:password_change")},
    ]


def environment(request: HttpRequest) -> list[str]:
    """The label in the corner, so that nobody takes one installation for another."""
    return ["Mock mode", "warning"] if settings.MOCK_MODE else ["Production", "danger"]


def icon(request: HttpRequest) -> str:
    return static("webclient/img/pairly.svg")


def stylesheet(request: HttpRequest) -> str:
    return static("staff/staff.css")
