"""Staff for tests, let in through the true doors: password, then code."""

import re
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from pairly.accounts.second_factor.models import TotpDevice
from pairly.accounts.selectors import user_by_email
from pairly.accounts.services import create_staff

__all__ = [
    "PASSWORD",
    "enrol_in_browser",
    "new_staff",
    "signed_in_browser",
    "staff_api",
    "staff_browser",
    "staff_code",
]

PASSWORD = "calm-lighthouse-77"
SECRET = re.compile(r'id="secret">([A-Z2-7]+)<')


def new_staff(role: str) -> Any:
    """A member of staff with this role alone; the address is ``<role>@example.org``."""
    email = f"{role}@example.org"
    return user_by_email(email) or create_staff(email=email, password=PASSWORD, role=role)


def staff_code(email: str) -> str:
    """A code, as if the last one had been typed long ago: else the third within a minute has to
    wait for its time."""
    TotpDevice.objects.filter(user=user_by_email(email)).update(last_step=0)
    out = StringIO()
    call_command("staff_code", email, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def signed_in_browser(email: str) -> Client:
    """The password was right; the second factor is yet to be proved."""
    browser = Client()
    answer = browser.post("/admin/login/", {"email": email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return browser


def staff_browser(role: str) -> Client:
    """A browser in which staff with this role are at home."""
    email = new_staff(role).email
    browser = signed_in_browser(email)
    answer = browser.post("/admin/second-factor/", {"code": staff_code(email)})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/"), answer.content
    return browser


def enrol_in_browser(browser: Client) -> str:
    """The secret that the enrolment page shows, in Base32."""
    answer = browser.get("/admin/second-factor/enrol/")
    found = SECRET.search(answer.content.decode())
    assert found is not None, answer.content
    return found[1]


def staff_api(role: str, *, verified: bool = True) -> APIClient:
    """A program of staff with this role, below ``/api/v1/``."""
    email = new_staff(role).email
    code = staff_code(email)
    api = APIClient()
    token = api.post("/api/v1/auth/login", {"email": email, "password": PASSWORD}).json()["token"]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    if verified:
        assert api.post("/api/v1/auth/second-factor", {"code": code}).status_code == 204
    return api
