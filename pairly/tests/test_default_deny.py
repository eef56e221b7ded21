"""Every address of the project is closed to whom it is not on a list below.

The walk reads the routes, so one that is added is walked without a word here: it is closed, or it
stands on a list, or the test fails.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from pairly.staff.tests.people import staff_api
from tests.sizes import methods

PUBLIC = {
    "GET /",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",  # from this machine alone, as the test client is
    "GET /api/schema",
    "GET /api/docs",
    "GET /api/docs/realtime",
    "GET /api/docs/errors",
    "GET /api/asyncapi.json",
    "GET /api/v1/",
    "GET /api/v1/config",
    "GET /api/v1/packages",
    "GET /api/v1/prices",
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/password/reset",
    "POST /api/v1/auth/password/reset/confirm",
}
SIGNED = {
    "POST /api/v1/webhooks/sample",
    "POST /api/v1/notifications/mail-events/sample",
    "POST /api/v1/notifications/receipts/sample",
    "GET /api/v1/notifications/unsubscribe/sample",
    "POST /api/v1/notifications/unsubscribe/sample",
}
"""Who asks is known by a signature, not by a sign-in; without one they answer 404."""
MEMBERS = """
    analytics/events analytics/me attachments auth/devices auth/logout auth/logout-all
    auth/password/change auth/second-factor auth/second-factor/confirm auth/second-factor/enrol
    auth/second-factor/recovery-codes auth/socket-ticket auth/verify-email auth/verify-email/resend
    blocks blocks/ID calls calls/ID/quality calls/statistics conversations conversations/ID
    conversations/ID/messages conversations/ID/receipts ledger/head me me/export me/photo
    messages/ID mock/payments/ID moderation/notices notifications notifications/devices
    notifications/preferences notifications/read-all notifications/unread-count payments/intents
    presence presence/heartbeat reports sync users wallet wallet/transactions
""".split()
"""Below ``/api/v1/``, what a member may ask; all else answers them as if it were not there."""
UNPROVED = {"POST /api/v1/auth/second-factor", "POST /api/v1/auth/logout"}
"""What staff may ask before they have proved their second factor."""
DOORS = ("/admin/login/", "/admin/logout/", "/admin/jsi18n/")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
SAMPLES = {"uuid": "0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1", "int": "7", "path": "x/y"}
PROBLEM = "application/problem+json"


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    """Each route with samples for its parts: of a converter, or the first a group begins with."""
    for pattern in patterns:
        route = str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        route = re.sub(r"\(\?P<\w+>(\w*)[^)]*\)", lambda found: found[1] or "sample", route)
        route = re.sub(
            r"<(?:(\w+):)?\w+>", lambda found: SAMPLES.get(found[1] or "str", "sample"), route
        )
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + route)
        elif isinstance(pattern, URLPattern):
            yield prefix + route


def walked(prefix: str = "/") -> list[str]:
    found = {one for one in addresses(get_resolver().url_patterns) if one.startswith(prefix)}
    assert not [one for one in found if "(" in one]
    return sorted(found)


def ask(client: Any, method: str, address: str) -> Any:
    return client.generic(method, address, "{}", content_type="application/json")


def is_closed(address: str, answer: Any) -> bool:
    if address.startswith("/admin/"):
        to_sign_in = answer.status_code == 302 and "/admin/login/" in answer["Location"]
        return to_sign_in or answer.status_code in (403, 404, 405)
    if address == "/" or address.startswith("/pay/"):
        return answer.status_code in (403, 404, 405)  # pages, one opened by a signed address
    problem = answer["Content-Type"] == PROBLEM
    return problem and answer.status_code in (401, 403, 404, 405)


def test_strangers_get_in_nowhere_but_where_all_may() -> None:
    client = APIClient()
    assert "/api/v1/conversations" in walked() and "/admin/approvals/" in walked()
    open_doors = []
    for address in walked():
        if address in DOORS:
            continue
        for method in METHODS:
            reading = "GET" if method == "HEAD" else method
            answer = ask(client, method, address)
            if f"{reading} {address}" not in PUBLIC and not is_closed(address, answer):
                open_doors.append(f"{method} {address}: {answer.status_code}")
    assert open_doors == []


def test_the_lists_name_only_what_exists() -> None:
    existing = set(walked())
    for entry in PUBLIC | SIGNED | UNPROVED:
        assert entry.partition(" ")[2] in existing, entry
    assert of_members() <= existing


def of_members() -> set[str]:
    return {f"/api/v1/{one.replace('ID', SAMPLES['uuid'])}" for one in MEMBERS}


def test_a_made_up_token_opens_nothing() -> None:
    client = APIClient(HTTP_AUTHORIZATION="Bearer made-up")
    for address in walked("/api/v1/"):
        if f"GET {address}" not in PUBLIC:
            assert client.get(address).status_code in (401, 404, 405), address


def test_a_member_gets_to_what_is_of_members_alone(join: Any) -> None:
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {join().token}")
    open_doors = []
    for address in walked():
        if address in of_members() or address in DOORS:
            continue
        for method in methods():
            answer = ask(client, method, address)
            if f"{method} {address}" not in PUBLIC and not is_closed(address, answer):
                open_doors.append(f"{method} {address}: {answer.status_code}")
    assert open_doors == []


def test_staff_prove_their_second_factor_before_anything_else() -> None:
    """The pages of staff have their walk in ``pairly/staff/tests``."""
    client = staff_api("superadmin", verified=False)
    for address in walked("/api/v1/"):
        for method in methods():
            if f"{method} {address}" in PUBLIC | SIGNED | UNPROVED:
                continue
            answer = ask(client, method, address)
            if answer.status_code != 405:
                assert answer.json()["code"] == "second_factor_required", (method, address)


def test_a_method_that_is_not_taken_is_a_problem_that_names_those_that_are() -> None:
    client = staff_api("superadmin")
    for address in (*walked("/api/"), *walked("/health/"), "/metrics"):
        allowed = ask(client, "BREW", address)["Allow"].split(", ")
        assert allowed[0] in METHODS, address
        for method in {*METHODS, "BREW"} - {*allowed, "HEAD"}:
            answer = ask(client, method, address)
            assert (answer.status_code, answer["Content-Type"]) == (405, PROBLEM), (method, address)
            assert answer.json()["code"] == "method_not_allowed"


def test_what_does_not_exist_below_the_api_is_a_problem() -> None:
    for address in ("/api/", "/api/nowhere", "/api/v1/nowhere", "/api/v2/me", "/api/v1/me/"):
        for method in METHODS:
            answer = APIClient().generic(method, address, HTTP_ACCEPT="text/html")
            assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM), address
