"""Every page on a full database, on both databases: lists, searches, filters, one of each."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pairly.accounts import roles
from pairly.accounts.models import Report, User
from pairly.staff.tests.full import Filled, fill
from pairly.staff.tests.people import new_staff, staff_browser
from payments.tasks import seal_ledger

COUNTS_ALL = re.compile(r"COUNT\(", re.IGNORECASE)
LOOKED_FOR = {
    "accounts.user": ("ava@example.net", "Per", "ava", "no-such-person"),
    "accounts.mail": ("ava",),
    "audit.auditentry": ("ava@example.net", "superadmin@example.org", "user.", "nothing"),
    "payments.account": ("ava@example.net", "house:", "zzz"),
    "payments.transfer": ("ava@example.net", "bonus:", "grant:", "zzz"),
}
FILTERED = {
    "accounts.user": ("standing=suspended", "standing=staff"),
    "outbox.outboxevent": ("in=failed", "in=done", "in=discarded", "in=made-up"),
    "audit.auditentry": (
        "what=user.suspended",
        "created_at_from_0=2020-01-01&created_at_to_0=2090-01-01&created_at_to_1=10:00:00",
        "created_at_from_0=rubbish",
    ),
    "payments.account": ("whose=house",),
    "payments.transfer": (
        "operation=bonus:",
        "operation=grant:&created_at_from_0=2020-01-01",
        "q=ava@example.net&operation=grant:&created_at_to_0=2090-01-01",
        "created_at_from_0=2090-01-01",
    ),
}


@pytest.fixture
def filled() -> Filled:
    found = fill(new_staff("superadmin"))
    seal_ledger()
    return found


def lists() -> Iterator[tuple[str, str, Any]]:
    """Each table's label, the address of its list, and its page."""
    for model, page in admin.site._registry.items():
        meta = model._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        yield meta.label_lower, address, page


def addresses_of(label: str, address: str) -> Iterator[str]:
    yield address
    for text in LOOKED_FOR.get(label, ()):
        yield f"{address}?q={text}"
    for query in FILTERED.get(label, ()):
        yield f"{address}?{query}"
    yield f"{address}?p=2"
    yield f"{address}?_facets=1"


def first_row(label: str, browser: Any, address: str) -> str | None:
    """The address of the page of a list's first row, as its link has it."""
    if label == "outbox.outboxevent":
        address += "?in=failed"
    found = re.search(
        rf'href="({re.escape(address.partition("?")[0])}[^"?]+/change/)',
        str(browser.get(address).content.decode()),
    )
    return found[1] if found else None


@pytest.mark.mongodb
def test_a_superadmin_opens_every_list_search_filter_and_row(filled: Filled) -> None:
    browser = staff_browser("superadmin")
    opened = 0
    for label, address, _page in lists():
        for one in addresses_of(label, address):
            with CaptureQueriesContext(connection) as queries:
                answer = browser.get(one)
            assert answer.status_code in (200, 302), (one, answer.status_code)
            # However long the table: nothing counts it, and no row has a query of its own.
            assert not [query for query in queries if COUNTS_ALL.search(query["sql"])], one
            assert len(queries) < 40, (one, len(queries))
        row = first_row(label, browser, address)
        if row is not None:
            assert browser.get(row).status_code == 200, row
            opened += 1
    assert opened >= 7
    assert browser.get("/admin/jobs/").status_code == 200
    ava = filled.people[0]
    transactions = f"/admin/accounts/user/{ava.pk}/transactions/"
    assert browser.get(transactions).status_code == 200
    assert browser.get(transactions + "?after=made-up").status_code == 200


def test_each_role_on_a_full_database(filled: Filled) -> None:
    boss = staff_browser("superadmin")
    rows = {address: first_row(label, boss, address) for label, address, _page in lists()}
    for role in sorted(roles.ROLES):
        browser = staff_browser(role)
        for _label, address, page in lists():
            expected = 200 if page.view_permission in roles.ROLES[role] else 403
            assert browser.get(address).status_code == expected, (role, address)
            if (row := rows[address]) is not None:
                assert browser.get(row).status_code == expected, (role, row)


def test_the_search_for_people_seeks(filled: Filled) -> None:
    """What SQLite says that it does: no scan of the table for any search."""
    from pairly.accounts.staff_selectors import find_users

    for text in ("ava@example.net", "Per", str(filled.people[0].pk)):
        plan = find_users(text).order_by("-id")[:50].explain()
        assert "SEARCH accounts_user" in plan and "SCAN accounts_user" not in plan, plan


def test_the_page_of_a_person_tells_it_all(filled: Filled) -> None:
    ava = filled.people[0]
    page = staff_browser("superadmin").get(f"/admin/accounts/user/{ava.pk}/change/")
    text = page.content.decode()
    for expected in (
        "ava@example.net",
        "203.0.113.7",
        "198.51.100.23",
        "Called on Monday, was friendly.",
        "Harassment",
        'href="/admin/moderation/case/',
        f"bonus:{ava.pk}",
        "user.noted",
        "Second factor",
    ):
        assert expected in text, expected
    seen_by_support = staff_browser("support").get(f"/admin/accounts/user/{ava.pk}/change/")
    assert "user.noted" not in seen_by_support.content.decode()
    assert "Suspend" not in seen_by_support.content.decode()


def test_pages_of_what_is_not_there_are_404_or_go_back(filled: Filled) -> None:
    browser = staff_browser("superadmin")
    for address in (
        "/admin/accounts/user/rubbish/change/",
        f"/admin/accounts/user/{Report.objects.first().pk}/change/",  # type: ignore[union-attr]
        f"/admin/accounts/user/{filled.failed_event}/transactions/",
    ):
        assert browser.get(address).status_code == 404, address
    for address in (
        "/admin/payments/transfer/made-up/change/",
        "/admin/payments/block/77/change/",
        f"/admin/audit/auditentry/{filled.failed_event}/change/",
    ):
        assert browser.get(address).status_code == 302, address


def test_deleted_people_have_a_page_and_no_actions(filled: Filled) -> None:
    from pairly.accounts.services.deletion import _delete
    from pairly.core import clock
    from pairly.core.db import run_atomic

    ava = filled.people[0]
    run_atomic(lambda: _delete(User.objects.get(pk=ava.pk), clock.now()))
    page = staff_browser("superadmin").get(f"/admin/accounts/user/{ava.pk}/change/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Deleted" in text and "Give credits" not in text
    assert "Called on Monday" not in text
