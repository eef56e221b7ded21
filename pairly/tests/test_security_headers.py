"""What browsers are told of every kind of page, in mock mode and in production."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from pairly.accounts.tests.test_people import image
from pairly.staff.tests.people import PASSWORD, new_staff, signed_in_browser, staff_browser
from payments.tests.buyers import Buyer

ROOT = Path(__file__).resolve().parents[2]
NOTHING_INLINE = "script-src 'self'"
PRODUCTION = {
    "PAIRLY_MODE": "production",
    "DATABASE_URL": "mongodb://db/pairly",
    "REDIS_URL": "redis://redis",
    "PAIRLY_TRUSTED_PROXY_COUNT": "1",
}
TOLD = (
    *("SECURE_SSL_REDIRECT", "SECURE_REDIRECT_EXEMPT", "SECURE_PROXY_SSL_HEADER"),
    *("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD"),
    *("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"),
)


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def pay_page() -> Any:
    return Client().get(path_of(Buyer().intent()["next_action"]["url"]))


def photo() -> Any:
    ava = Buyer()
    form = {"photo": image()}
    url = ava.api.put("/api/v1/me/photo", form, format="multipart").json()["photo_url"]
    return ava.api.get(path_of(url))


def attachment() -> Any:
    ava, form = Buyer(), {"file": image()}
    kept = ava.api.post("/api/v1/attachments", form, format="multipart").json()
    return ava.api.get(f"/api/v1/attachments/{kept['id']}")


KINDS: dict[str, tuple[Callable[[], Any], int, tuple[str, ...]]] = {
    "web client": (lambda: Client().get("/"), 200, (NOTHING_INLINE, "require-trusted-types-for")),
    "sign-in of staff": (lambda: Client().get("/admin/login/"), 200, (NOTHING_INLINE,)),
    "staff page": (lambda: staff_browser("superadmin").get("/admin/"), 200, (NOTHING_INLINE,)),
    "pay page": (pay_page, 200, (NOTHING_INLINE,)),
    "REST documentation": (lambda: Client().get("/api/docs"), 200, (NOTHING_INLINE, "'nonce-")),
    "socket documentation": (lambda: Client().get("/api/docs/realtime"), 200, (NOTHING_INLINE,)),
    "table of errors": (lambda: Client().get("/api/docs/errors"), 200, (NOTHING_INLINE,)),
    "answer": (lambda: Client().get("/api/v1/config"), 200, (NOTHING_INLINE,)),
    "refusal": (lambda: Client().get("/api/v1/me"), 401, (NOTHING_INLINE,)),
    "page that is not there": (
        lambda: Client().get("/nowhere", headers={"accept": "text/html"}),
        404,
        (NOTHING_INLINE,),
    ),
    "photo": (photo, 200, (NOTHING_INLINE,)),
    "attachment": (attachment, 200, ("default-src 'none'", "sandbox")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_page_carries_the_headers(kind: str) -> None:
    get, status, directives = KINDS[kind]
    answer = get()
    assert answer.status_code == status
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = answer["Content-Security-Policy"]
    for directive in ("frame-ancestors 'none'", *directives):
        assert directive in policy, policy
    assert "unsafe-inline" not in policy and "*" not in policy
    # The staff site's theme compiles what stands in attributes, of its own scripts alone.
    assert ("unsafe-eval" in policy) is (kind in ("staff page", "sign-in of staff"))


def test_static_files_are_what_they_say() -> None:
    answer = Client().get("/static/staff/staff.css")
    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.fixture
def production(settings: Any) -> None:
    """The values that production's settings come to, in place of mock mode's."""
    script = f"import json; from pairly import settings as s; {TOLD = }; print(json.dumps("
    script += "{name: getattr(s, name) for name in TOLD}))"
    environment = {key: value for key, value in os.environ.items() if "PAIRLY" not in key}
    told = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment | PRODUCTION,
        capture_output=True,
        text=True,
        check=True,
    )
    for name, value in json.loads(told.stdout).items():
        setattr(settings, name, value)


def test_production_insists_on_tls(production: None) -> None:
    plain = Client().get("/admin/login/?next=/admin/")
    assert (plain.status_code, plain["Location"]) == (
        301,
        "https://testserver/admin/login/?next=/admin/",
    )
    through_proxy = Client().get("/admin/login/", headers={"x-forwarded-proto": "https"})
    assert through_proxy["Strict-Transport-Security"] == (
        "max-age=31536000; includeSubDomains; preload"
    )
    assert Client().get("/health/live").status_code == 200  # asked from inside


@pytest.mark.parametrize("is_production", [False, True])
def test_cookies_are_kept_from_scripts_and_from_other_sites(
    is_production: bool, request: pytest.FixtureRequest
) -> None:
    new_staff("admin")
    browser = signed_in_browser("admin@example.org")
    if is_production:
        request.getfixturevalue("production")
        browser = Client(headers={"x-forwarded-proto": "https"})
        browser.get("/admin/login/")
        browser.post("/admin/login/", {"email": "admin@example.org", "password": PASSWORD})
    browser.get("/admin/login/")
    cookies = browser.cookies
    assert "sessionid" in cookies
    for name, cookie in cookies.items():
        assert cookie["httponly"], name
        assert bool(cookie["secure"]) is is_production, name
        assert cookie["samesite"] in ("Strict", "Lax"), name
    assert cookies["sessionid"]["samesite"] == "Strict"


def test_the_api_sets_no_cookie() -> None:
    ava = Buyer()
    assert not ava.api.get("/api/v1/me").cookies
