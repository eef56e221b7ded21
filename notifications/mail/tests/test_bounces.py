"""What mail providers tell us: hard bounces and complaints end it, soft ones after some."""

import base64
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from notifications.mail.checks import check_mail_settings
from notifications.mail.models import SoftBounce, Suppression
from notifications.mail.selectors import find_suppressions, suppressed
from notifications.mail.services import note_soft_bounce
from notifications.mail.tasks import remove_old_bounces
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.staff.tests.people import staff_api, staff_browser
from tests.explain import assert_uses_index

SECRET = "pairly:a-secret-of-some-length"
ADDRESS = "/api/v1/notifications/mail-events/postmark"


@pytest.fixture(autouse=True)
def postmark(settings: Any) -> None:
    settings.MAIL_PROVIDER, settings.MAIL_WEBHOOK_SECRETS = "postmark", [SECRET]
    settings.ANYMAIL = {"WEBHOOK_SECRET": [SECRET]}


def tell(event: Any, secret: str = SECRET, address: str = ADDRESS) -> Any:
    client = APIClient()
    basic = base64.b64encode(secret.encode()).decode()
    return client.post(address, event, headers={"authorization": f"Basic {basic}"})


def bounce(email: str, kind: str, id: int = 1) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "Type": kind,
        "ID": id,
        "Email": email,
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "BouncedAt": "2026-03-01T12:00:00Z",
    }


@pytest.mark.mongodb
def test_a_hard_bounce_or_a_complaint_ends_it(verified: Any, send: Any) -> None:
    ava, ben, carol = verified("Ava"), verified("Ben"), verified("Carol")
    for _ in range(2):
        assert tell(bounce(ava.email.upper(), "HardBounce")).status_code == 204
    complaint = bounce(ben.email, "SpamComplaint") | {"RecordType": "SpamComplaint"}
    assert tell(complaint).status_code == 204
    assert [send(one.id).outcome.value for one in (ava, ben, carol)] == [
        "no_address",
        "no_address",
        "sent",
    ]
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"bounce", "complaint"}
    assert suppressed([ava.email, carol.email]) == {ava.email: "Bounced for good"}
    for harmless in ("AutoResponder", "Transient", "Subscribe"):
        assert tell(bounce(carol.email, harmless)).status_code == 204
    assert send(carol.id).outcome == "sent"


@pytest.mark.mongodb
def test_three_soft_bounces_in_a_week_end_it(verified: Any, send: Any, settings: Any) -> None:
    ava = verified("Ava")

    def soft(number: int) -> None:
        note_soft_bounce(address=ava.email, event_id=f"e{number}", detail="", now=clock.now())

    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        soft(1)
        soft(1)  # told twice
        soft(2)
        assert send(ava.id).outcome == "sent"
        traveller.shift(timedelta(days=settings.MAIL_SOFT_BOUNCE_DAYS))
        assert remove_old_bounces() == 2
        soft(3)
        soft(4)
        assert send(ava.id).outcome == "sent"
        soft(5)
        assert send(ava.id).outcome == "no_address"
    assert Suppression.objects.get().reason == "soft_bounces"


def test_only_who_sends_for_us_is_listened_to(verified: Any, settings: Any) -> None:
    ava = verified("Ava")
    event = bounce(ava.email, "HardBounce")
    assert tell(event, secret="pairly:wrong").status_code == 404
    assert APIClient().post(ADDRESS, event).status_code == 404
    assert tell(event, address=ADDRESS.replace("postmark", "sendgrid")).status_code == 404
    assert tell(event, address=ADDRESS.replace("postmark", "nobody")).status_code == 404
    settings.MAIL_WEBHOOK_SECRETS = []
    assert tell(event).status_code == 404
    assert not Suppression.objects.exists()
    assert [one.id for one in check_mail_settings()] == ["notifications.E011"]
    settings.MAIL_PROVIDER, settings.MAIL_WEBHOOK_SECRETS = "nobody", ["short"]
    assert [one.id for one in check_mail_settings()] == ["notifications.E010", "notifications.E011"]
    settings.MAIL_PROVIDER = ""
    assert check_mail_settings() == []


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "7", '{"RecordType": 3}', '{"Type": {}}', "\udcff"]
)
def test_garbage_of_a_provider_is_refused_or_says_nothing(body: str) -> None:
    basic = base64.b64encode(SECRET.encode()).decode()
    answer = APIClient().generic(
        "POST",
        ADDRESS,
        body.encode("utf-8", "surrogateescape"),  # type: ignore[arg-type]
        content_type="application/json",
        headers={"authorization": f"Basic {basic}"},
    )
    assert answer.status_code in (204, 400)
    assert not Suppression.objects.exists() and not SoftBounce.objects.exists()


def test_staff_see_the_list_and_lift_with_a_reason(verified: Any, send: Any) -> None:
    ava = verified("Ava")
    tell(bounce(ava.email, "HardBounce"))
    row = Suppression.objects.get()
    support, admin = staff_api("support"), staff_api("admin")
    address = "/api/v1/staff/notifications/suppressions"
    listed = support.get(address, {"address": ava.email.upper()}).json()["results"]
    assert [one["id"] for one in listed] == [str(row.pk)]
    assert ava.email not in str(listed)
    assert support.get(address, {"address": "nobody@example.org"}).json()["results"] == []
    lift = f"{address}/{row.pk}/lift"
    assert support.post(lift, {"reason": "asked"}).status_code == 403
    assert ava.api.post(lift, reason="mine").status_code == 404
    assert admin.post(lift, {"reason": " "}).status_code == 400
    assert admin.post(lift, {"reason": "It works again"}).status_code == 204
    assert admin.post(lift, {"reason": "It works again"}).status_code == 404
    assert AuditEntry.objects.filter(action="mail.suppression_lifted").count() == 1
    assert send(ava.id).outcome == "sent"

    tell(bounce(ava.email, "HardBounce"))
    row = Suppression.objects.get()
    browser = staff_browser("admin")
    page = browser.get("/admin/mail/suppression/", {"q": ava.email}).content.decode()
    assert "Bounced for good" in page
    assert (
        "Write to it again"
        in browser.get(f"/admin/mail/suppression/{row.pk}/change/").content.decode()
    )


@pytest.mark.mongodb
def test_the_reads_of_the_list_use_their_indexes() -> None:
    now = clock.now()
    for number in range(40):
        note_soft_bounce(
            address=f"a{number}@example.org", event_id=f"e{number}", detail="", now=now
        )
        Suppression.objects.create(address_hash=f"{number:064}", reason="bounce", created_at=now)
    assert_uses_index(Suppression.objects.filter(address_hash__in=[f"{7:064}"]))
    assert_uses_index(find_suppressions("a@example.org"))
    assert_uses_index(find_suppressions().order_by("-id")[:10])
    bounces = SoftBounce.objects
    assert_uses_index(bounces.filter(address_hash=f"{7:064}", at__gt=now - timedelta(days=7)))
    assert_uses_index(bounces.filter(at__lte=now - timedelta(days=7)))
