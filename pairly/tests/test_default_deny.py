"""Every address of the project is closed to strangers unless it is on the list below."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

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
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SAMPLES = {"uuid": "0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1", "int": "7", "path": "x/y"}


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = re.sub(
            r"<(?:(\w+):)?\w+>",
            lambda found: SAMPLES.get(found[1] or "str", "sample"),
            str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z"),
        )
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + route)
        elif isinstance(pattern, URLPattern):
            yield prefix + route


def is_closed(address: str, answer: Any) -> bool:
    if address.startswith("/admin/"):
        to_sign_in = answer.status_code == 302 and "/admin/login/" in answer["Location"]
        return to_sign_in or answer.status_code in (403, 404, 405)
    if address == "/" or address.startswith("/pay/"):
        return answer.status_code in (403, 404, 405)  # pages, one opened by a signed address
    problem = answer["Content-Type"] == "application/problem+json"
    return problem and answer.status_code in (401, 403, 404, 405)


def test_strangers_get_in_nowhere_but_where_all_may() -> None:
    client = APIClient()
    walked = [one for one in addresses(get_resolver().url_patterns) if "(" not in one]
    assert len(walked) > 20
    assert "/api/v1/conversations" in walked
    open_doors = []
    for address in walked:
        if address.startswith("/admin/log") or address == "/admin/jsi18n/":
            continue  # the way in and out of the admin, and its translations
        for method in METHODS:
            if f"{method} {address}" in PUBLIC:
                continue
            answer = client.generic(method, address, "{}", content_type="application/json")
            if not is_closed(address, answer):
                open_doors.append(f"{method} {address}: {answer.status_code}")
    assert open_doors == []


def test_the_public_list_names_only_what_exists() -> None:
    walked = set(addresses(get_resolver().url_patterns))
    assert {entry.partition(" ")[2] for entry in PUBLIC} <= walked


def test_a_made_up_token_opens_nothing() -> None:
    client = APIClient(HTTP_AUTHORIZATION="Bearer made-up")
    for address in addresses(get_resolver().url_patterns):
        if address.startswith("/api/v1/") and f"GET {address}" not in PUBLIC:
            assert client.get(address).status_code in (401, 404, 405), address
