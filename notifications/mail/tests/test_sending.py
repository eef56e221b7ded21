"""Mails over real SMTP, and what becomes of each answer of the server."""

import re
from email.message import EmailMessage
from typing import Any

import pytest

from notifications.mail import sender
from notifications.mail.models import Suppression
from notifications.mail.sender import MailSender
from notifications.mail.tests.post_office import HANG, PostOffice
from pairly.accounts.models import Mail
from pairly.alerts.models import Alert

LINK = re.compile(r"https?://\S+/notifications/unsubscribe/[\w:.=-]+")


def part_of(mail: EmailMessage, kind: Any) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_mail_has_text_html_and_the_headers_of_one_click(
    verified: Any, post_office: PostOffice, send: Any, outgoing: Any
) -> None:
    ava = verified("Ava")
    one = outgoing(ava.id)
    [result] = MailSender().send([one])
    [mail] = post_office.mails
    assert result.outcome == "sent"
    assert result.provider_ref == mail["Message-ID"] == f"<{one.delivery_id.hex}@pairly.test>"
    assert (mail["To"], mail["Subject"]) == (ava.email, "Ben wrote to you")
    assert mail["Auto-Submitted"] == "auto-generated"
    link = mail["List-Unsubscribe"].strip().removeprefix("<").removesuffix(">")
    assert LINK.fullmatch(link)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (part_of(mail, kind) for kind in ("plain", "html"))
    assert "नमस्ते" in text and link in text
    assert "<p>नमस्ते" in html and link in html and html.index(link) < html.index("</body>")

    # The way out is in the language of the rest.
    send(ava.id, language="hi")
    hindi = post_office.mails[-1]
    for kind, words in (("plain", "ऐसे मेल नहीं चाहिए? यहाँ बताइए"), ("html", "मेल बंद करें</a>")):
        assert words in part_of(hindi, kind) and "You need no" not in part_of(hindi, kind)
        assert LINK.search(part_of(hindi, kind))

    # What cannot be refused offers no way to; a title is one line whatever is in it.
    send(ava.id, unsubscribe_category="", title="A\r\nBcc: eve@example.org")
    plain = post_office.mails[-1]
    assert plain["List-Unsubscribe"] is None and plain["Bcc"] is None
    assert plain["Subject"] == "A Bcc: eve@example.org"
    assert not LINK.search(part_of(plain, "plain"))


@pytest.mark.parametrize(
    ("rcpt", "data", "outcome", "is_suppressed", "is_told"),
    [
        ("550 5.1.1 No such user", "", "permanent", True, False),
        ("553 Mailbox name not allowed", "", "permanent", True, False),
        ("550 5.7.1 Blocked by policy", "", "permanent", False, False),
        ("552 5.2.2 Mailbox full", "", "permanent", False, False),
        ("451 4.7.1 Greylisted", "", "transient", False, False),
        ("421 4.3.2 Shutting down", "", "transient", False, False),
        ("", "554 5.6.0 Not like this", "permanent", False, False),
        ("", "452 4.2.2 Later", "transient", False, False),
        ("599 ???", "", "permanent", False, False),
    ],
)
def test_each_answer_of_a_mail_server(
    verified: Any,
    post_office: PostOffice,
    send: Any,
    rcpt: str,
    data: str,
    outcome: str,
    is_suppressed: bool,
    is_told: bool,
) -> None:
    ava = verified("Ava")
    post_office.rcpt.extend([rcpt] if rcpt else [])
    post_office.data.extend([data] if data else [])
    assert send(ava.id).outcome == outcome
    assert Suppression.objects.exists() == is_suppressed
    assert post_office.mails == []
    again = send(ava.id)
    assert again.outcome == ("no_address" if is_suppressed else "sent")


def test_a_batch_shares_a_connection_and_one_refusal_spoils_no_other(
    verified: Any, post_office: PostOffice, outgoing: Any
) -> None:
    ava, ben = verified("Ava"), verified("Ben")
    before = post_office.sessions
    post_office.rcpt.extend(["250 OK", "550 5.1.1 No such user"])
    results = MailSender().send([outgoing(one.id) for one in (ava, ben, ava, ava)])
    assert [one.outcome.value for one in results] == ["sent", "permanent", "sent", "sent"]
    assert len(post_office.mails) == 3
    assert post_office.sessions - before == 2
    assert MailSender().send([]) == []


def test_a_silent_server_is_asked_once_in_a_batch(
    verified: Any, post_office: PostOffice, outgoing: Any, settings: Any
) -> None:
    ava = verified("Ava")
    settings.EMAIL_TIMEOUT = 1
    post_office.rcpt.append(HANG)
    results = MailSender().send([outgoing(ava.id) for _ in range(3)])
    assert [one.outcome.value for one in results] == ["transient"] * 3
    assert post_office.mails == []
    settings.EMAIL_PORT = 1
    assert MailSender().send([outgoing(ava.id)])[0].outcome == "transient"


def test_a_slow_server_gets_no_more_than_the_lease_of_a_delivery_allows(
    verified: Any, post_office: PostOffice, outgoing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ava = verified("Ava")
    monkeypatch.setattr(sender, "BATCH_SECONDS_MAX", -1)
    results = MailSender().send([outgoing(ava.id), outgoing(ava.id)])
    assert [one.outcome.value for one in results] == ["transient"] * 2
    assert post_office.mails == []


def test_staff_hear_of_a_server_that_does_not_let_us_in_until_it_does(
    verified: Any, post_office: PostOffice, send: Any, settings: Any
) -> None:
    ava = verified("Ava")
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "pairly", "wrong"
    assert send(ava.id).outcome == "transient"  # this one offers no sign-in at all
    settings.EMAIL_HOST_USER = ""
    post_office.rcpt.clear()
    settings.DEFAULT_FROM_EMAIL = "Pairly <no-reply@pairly.test>"
    assert send(ava.id).outcome == "sent"
    assert not Alert.objects.filter(kind="mail_refused", state="open").exists()


def test_who_is_not_verified_or_gone_is_not_written_to(verified: Any, join: Any, send: Any) -> None:
    ava, eve = verified("Ava"), join("Eve")
    before = Mail.objects.count()
    assert send(eve.id).outcome == "no_address"
    assert send(ava.id).outcome == "sent"
    # Mock mode keeps it where staff read it.
    kept = Mail.objects.order_by("-id")[0]
    assert (kept.recipient, kept.subject) == (ava.email, "Ben wrote to you")
    assert LINK.search(kept.text)
    assert Mail.objects.count() == before + 1
    ava.api.delete("me", password="quiet-harbour-42")
    assert send(ava.id).outcome == "no_address"
