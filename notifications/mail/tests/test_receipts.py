"""A provider's word on a mail: from the mail that anymail really sends to its delivery's row."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from notifications.mail.models import Suppression
from notifications.mail.tests.test_bounces import SECRET, bounce, tell
from notifications.models import Delivery
from notifications.push.tests.stand_ins.server import Asked, Said, StandIn
from notifications.services.telling import Wish, notify
from notifications.tests.senders import pass_time

pytestmark = pytest.mark.mongodb


class Postmark(StandIn):
    """Takes every mail as the provider of that name does."""

    def __init__(self) -> None:
        super().__init__()
        self._ids = count()

    @property
    def mails(self) -> list[dict[str, Any]]:
        return [json.loads(one.body) for one in self.asked]

    def answer(self, asked: Asked) -> Said:
        to = json.loads(asked.body)["To"]
        said = {"ErrorCode": 0, "Message": "OK", "MessageID": f"m{next(self._ids)}", "To": to}
        return Said(200, json.dumps(said).encode())


@pytest.fixture
def postmark(settings: Any, verified: Any) -> Iterator[Postmark]:
    stand_in = Postmark()
    settings.MAIL_PROVIDER, settings.MAIL_WEBHOOK_SECRETS = "postmark", [SECRET]
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "WEBHOOK_SECRET": [SECRET],
        "POSTMARK_SERVER_TOKEN": "token",
        "POSTMARK_API_URL": stand_in.url,
        "REQUESTS_TIMEOUT": 60,
    }
    yield stand_in
    stand_in.stop()


def event(mail: dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
    return {
        "RecordType": kind,
        "Recipient": mail["To"],
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "Metadata": mail["Metadata"],
        "DeliveredAt": "2026-03-01T12:00:00Z",
        "ReceivedAt": "2026-03-01T12:05:00Z",
        **more,
    }


def returned(mail: dict[str, Any], kind: str, record: str = "Bounce") -> dict[str, Any]:
    told = bounce(mail["To"], kind, id=len(kind))
    return told | {"RecordType": record, "Metadata": mail["Metadata"]}


def state(mail: dict[str, Any]) -> str:
    return Delivery.objects.get(pk=UUID(mail["Metadata"]["delivery_id"])).state


def test_what_the_provider_tells_stands_at_the_delivery(verified: Any, postmark: Postmark) -> None:
    people = [verified(name) for name in ("Ava", "Ben", "Carol", "Dan", "Eve")]
    notify(
        [
            Wish(
                user_id=UUID(one.id),
                kind="security.password_changed",
                dedupe_key="1",
                context={"at": "now"},
            )
            for one in people
        ]
    )
    pass_time()
    mails = {one["To"]: one for one in postmark.mails if one["Subject"].startswith("Your password")}
    read, back, full, spam, none = (mails[one.email] for one in people)
    assert [state(one) for one in mails.values()] == ["sent"] * 5

    # Opened before it arrived, and each of it twice.
    for kind in ("Open", "Delivery", "Open", "Click", "Delivery"):
        assert tell(event(read, kind)).status_code == 204
        assert state(read) == "opened"
    assert tell(event(back, "Delivery")).status_code == 204
    assert state(back) == "delivered"
    for _ in range(2):
        assert tell(returned(back, "HardBounce")).status_code == 204
        assert tell(event(back, "Delivery")).status_code == 204
        assert state(back) == "dead"
    row = Delivery.objects.get(pk=UUID(back["Metadata"]["delivery_id"]))
    assert (row.receipt, row.detail) == ("bounced", "postmark: bounced bounced")
    # A mail that is late is on its way; a complaint shows that it arrived.
    assert tell(returned(full, "Transient")).status_code == 204
    assert tell(returned(spam, "SpamComplaint", "SpamComplaint")).status_code == 204
    assert (state(full), state(spam), state(none)) == ("sent", "delivered", "sent")
    assert Suppression.objects.count() == 2

    # Nobody else may say so, and what names no delivery of ours says nothing.
    assert tell(event(none, "Open"), secret="pairly:wrong").status_code == 404
    assert (
        APIClient().post("/api/v1/notifications/mail-events/postmark", event(none, "Open")).json()
    )
    odd: list[Any] = [{}, {"delivery_id": "x"}, {"delivery_id": 7}, [], "x", {"delivery_id": back}]
    for metadata in odd:
        assert tell(event(none, "Open", Metadata=metadata)).status_code in (204, 400)
    pushed = Delivery.objects.get(notification__user_id=people[4].id, channel="push", kind=row.kind)
    wrong = event(none, "Open", Metadata={"delivery_id": pushed.pk.hex})
    assert tell(wrong).status_code == 204
    assert state(none) == "sent"
    assert Delivery.objects.get(pk=pushed.pk).receipt == ""


def test_a_provider_that_keeps_nothing_with_a_mail_is_given_nothing(settings: Any) -> None:
    """Its name is enough: anymail would refuse the mail."""
    from notifications.mail.events import metadata_of

    settings.MAIL_PROVIDER = "mailersend"
    assert metadata_of(UUID(int=1)) == {}
    settings.MAIL_PROVIDER = "postmark"
    assert metadata_of(UUID(int=1)) == {"delivery_id": UUID(int=1).hex}
