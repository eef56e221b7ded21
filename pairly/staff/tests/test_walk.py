"""Every page and every staff route, those of other apps too: who gets in, and who changes what.

The walks read what is registered, so a page or route that is added is walked without a word here.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pairly.accounts import roles
from pairly.audit.models import AuditEntry
from pairly.staff.tests.people import (
    new_staff,
    signed_in_browser,
    staff_api,
    staff_browser,
    staff_code,
)
from pairly.tests.test_default_deny import ask, walked
from tests.sizes import methods

DOORS = ("/admin/login/", "/admin/logout/", "/admin/second-factor/", "/admin/second-factor/enrol/")
SAFE = ("GET", "HEAD")
COUNTS_ALL = re.compile(r"SELECT COUNT\(", re.IGNORECASE)


def tables() -> Iterator[tuple[str, Any]]:
    """The address of each table's page, and the page."""
    for model, page in admin.site._registry.items():
        names = f"{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"admin:{names}_changelist"), page


def test_without_a_second_factor_no_page_answers(join: Any) -> None:
    unproved = signed_in_browser(new_staff("superadmin").email)
    staff_code("superadmin@example.org")  # an authenticator there is, yet no code was typed
    nobody_yet = signed_in_browser(new_staff("admin").email)
    pages = [one for one in walked("/admin/") if one not in DOORS]
    assert len(pages) > 8
    for browser in (Client(), unproved, nobody_yet):
        for address in pages:
            for method in methods():
                answer = ask(browser, method, address)
                if answer.status_code == 302:
                    assert answer["Location"].startswith("/admin/login/"), (method, address)
                else:
                    assert answer.status_code in (403, 404, 405), (method, address)


def test_without_a_second_factor_no_staff_route_answers(join: Any) -> None:
    from rest_framework.test import APIClient

    member = APIClient(HTTP_AUTHORIZATION=f"Bearer {join().token}")
    unproved = staff_api("superadmin", verified=False)
    for address in walked("/api/v1/staff/"):
        for method in methods():
            assert ask(member, method, address).status_code in (404, 405), (method, address)
            refused = ask(unproved, method, address)
            assert refused.status_code in (403, 405), (method, address)
            assert ask(APIClient(), method, address).status_code in (401, 405), (method, address)
    assert ask(unproved, "GET", "/api/v1/me").json()["code"] == "second_factor_required"


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_a_role_opens_the_pages_that_its_permissions_name(role: str) -> None:
    browser = staff_browser(role)
    home = browser.get("/admin/").content.decode()
    for address, page in tables():
        permitted = page.view_permission in roles.ROLES[role]
        assert browser.get(address).status_code == (200 if permitted else 403), address
        assert (f'href="{address}"' in home) is permitted, address
    site: Any = admin.site
    for page in site.pages:
        address = reverse(f"admin:{page.name}")
        permitted = page.permission in roles.ROLES[role]
        assert browser.get(address).status_code == (200 if permitted else 403), address
        assert (f'href="{address}"' in home) is permitted, address


def test_a_moderator_sees_nothing_of_the_ledger() -> None:
    browser = staff_browser("moderator")
    home = browser.get("/admin/").content.decode()
    assert "Users" in home and "Credits" not in home and "Ledger" not in home
    for address, page in tables():
        if page.view_permission.startswith(("ledger.", "payments.")):
            assert browser.get(address).status_code == 403, address


def test_an_analyst_changes_nothing() -> None:
    assert all(code.endswith(".view") for code in roles.ROLES["analyst"])
    browser, api = staff_browser("analyst"), staff_api("analyst")
    entries = AuditEntry.objects.count()
    for address, page in tables():
        request: Any = browser.get(address).wsgi_request
        may = (
            page.has_change_permission(request),
            page.has_add_permission(request),
            page.has_delete_permission(request),
        )
        assert not any(may), address
    for address in walked("/admin/"):
        if address not in DOORS and "password" not in address and "recovery" not in address:
            for method in methods():
                assert ask(browser, method, address).status_code < 500, (method, address)
    for address in walked("/api/v1/staff/"):
        for method in methods():
            if method not in SAFE:
                status = ask(api, method, address).status_code
                assert status in (403, 404, 405), (method, address, status)
    assert AuditEntry.objects.count() == entries


def test_no_address_breaks_on_nonsense(settings: Any) -> None:
    settings.JOBS_START = f"{__name__}.start_nothing"
    browser, api = staff_browser("superadmin"), staff_api("superadmin")
    for client, prefix in ((browser, "/admin/"), (api, "/api/v1/staff/")):
        for address in walked(prefix):
            if address not in DOORS:
                for method in methods():
                    status = ask(client, method, address).status_code
                    assert status < 500, (method, address, status)


def test_no_list_breaks_at_the_ends_of_the_calendar() -> None:
    """Of days that cannot be a list is empty, and a report is refused."""
    browser, api = staff_browser("superadmin"), staff_api("superadmin")
    for day in ("0001-01-01", "1960-01-01", "9999-12-31"):
        for name in ("audit", "calls", "payments"):
            for side in ("since", "until"):
                answer = api.get(f"/api/v1/staff/{name}", {side: f"{day}T00:00:00Z"})
                assert answer.status_code == 200, (name, side, day)
        made = {"created_at_from_0": day, "created_at_to_0": day}
        assert browser.get("/admin/audit/auditentry/", made).status_code == 200
        made = {"created_at_from": day, "created_at_to": day}
        assert browser.get("/admin/payments/intent/", made).status_code == 200
        assert browser.get("/admin/revenue/", {"first": day, "last": day}).status_code == 200
        for address in ("analytics/active-users", "staff/payments/revenue"):
            for query in ({"last": day}, {"first": day, "last": day}):
                answer = api.get(f"/api/v1/{address}", query)
                assert answer.status_code in (200, 400), (address, query)


def start_nothing(name: str) -> None:
    """Stands in for what runs a job in a thread."""


def test_no_page_counts_a_whole_table() -> None:
    browser = staff_browser("superadmin")
    for address in ["/admin/", "/admin/home-figures/", *(address for address, _page in tables())]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(address).status_code == 200
        counts = [one["sql"] for one in queries if COUNTS_ALL.search(one["sql"])]
        assert counts == [], address
