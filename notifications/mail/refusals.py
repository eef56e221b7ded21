"""What a mail server or a mail provider means by its no."""

import smtplib
from dataclasses import dataclass
from typing import Final

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused

from notifications.channels import Outcome

__all__ = ["Refusal", "refusal_of"]

DEAD_ADDRESS_CODES: Final = (550, 551, 553)
"""Of an answer to RCPT TO; 552 is a full mailbox, 554 mostly a policy."""
POLICY: Final = b"5.7."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """``is_dead``: nobody is at that address. ``is_ours``: of our keys or settings, which staff are
    told of. ``is_silence``: the server was not reached, so that others need not try."""

    outcome: Outcome
    detail: str
    is_dead: bool = False
    is_ours: bool = False
    is_silence: bool = False


def refusal_of(error: Exception) -> Refusal:
    if isinstance(error, smtplib.SMTPException):
        return _of_smtp(error)
    if isinstance(error, AnymailError):
        return _of_provider(error)
    if isinstance(error, OSError):
        return Refusal(
            outcome=Outcome.TRANSIENT,
            detail=f"the mail server did not answer: {type(error).__name__}",
            is_silence=True,
        )
    return Refusal(
        outcome=Outcome.PERMANENT, detail=f"it cannot be written: {type(error).__name__}"
    )


def _of_smtp(error: smtplib.SMTPException) -> Refusal:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        dead = code in DEAD_ADDRESS_CODES and not text.startswith(POLICY)
        return _by_code(code, "the recipient is refused", is_dead=dead)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _our_fault(f"the mail server does not let us in: {error.smtp_code}")
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code >= 500:
        return _our_fault(f"the mail server does not take our sender: {error.smtp_code}")
    if isinstance(error, smtplib.SMTPResponseException):
        return _by_code(error.smtp_code, "the mail server refused")
    return Refusal(
        outcome=Outcome.TRANSIENT,
        detail=f"the mail server broke off: {type(error).__name__}",
        is_silence=True,
    )


def _by_code(code: int, sentence: str, *, is_dead: bool = False) -> Refusal:
    outcome = Outcome.PERMANENT if code >= 500 else Outcome.TRANSIENT
    return Refusal(outcome=outcome, detail=f"{sentence}: {code}", is_dead=is_dead)


def _of_provider(error: AnymailError) -> Refusal:
    if isinstance(error, AnymailRecipientsRefused):
        return Refusal(outcome=Outcome.PERMANENT, detail="the provider refused the recipient")
    if not isinstance(error, AnymailAPIError):
        return Refusal(
            outcome=Outcome.PERMANENT, detail=f"it cannot be written: {type(error).__name__}"
        )
    status = error.status_code
    if status is None:
        return Refusal(
            outcome=Outcome.TRANSIENT, detail="the provider did not answer", is_silence=True
        )
    if status in (401, 403):
        return _our_fault(f"the provider does not let us in: status {status}")
    if status in (408, 425, 429) or status >= 500 or status < 300:
        return Refusal(outcome=Outcome.TRANSIENT, detail=f"the provider: status {status}")
    return Refusal(outcome=Outcome.PERMANENT, detail=f"the provider refused: status {status}")


def _our_fault(detail: str) -> Refusal:
    return Refusal(outcome=Outcome.TRANSIENT, detail=detail, is_ours=True, is_silence=True)
