"""What staff do for and about a person beside suspending: ends of sign-ins, unlocking, notes."""

from uuid import UUID

from pairly.accounts import selectors
from pairly.accounts.models import NOTE_LENGTH_MAX, StaffNote
from pairly.accounts.services.devices import end_device, end_devices
from pairly.accounts.services.sign_ins import clear_failures
from pairly.audit.services import record, require_reason
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import ValidationFailed

__all__ = ["add_note", "end_sign_in", "end_sign_ins", "unlock_sign_in"]


def end_sign_ins(
    *, actor_id: UUID | None, user_id: UUID, reason: str, request_id: str = ""
) -> None:
    """Sign a person out everywhere. Raises ``NotFound``, ``ValidationFailed`` without a reason."""
    now = clock.now()
    require_reason(reason)

    def end() -> None:
        selectors.present_user(user_id)
        open_before = [str(one.pk) for one in selectors.devices_of(user_id, now)]
        end_devices(user_id=user_id)
        record(
            actor_id=actor_id,
            action="user.signed_out",
            target_type="user",
            target_id=user_id,
            reason=reason,
            before={"sign_ins": open_before},
            after={"sign_ins": []},
            request_id=request_id,
        )

    run_atomic(end)


def end_sign_in(
    *,
    actor_id: UUID | None,
    user_id: UUID,
    device_id: UUID,
    reason: str,
    request_id: str = "",
) -> None:
    """End one sign-in. Raises ``NotFound`` if it has ended, ``ValidationFailed``."""
    require_reason(reason)

    def end() -> None:
        end_device(user_id=user_id, device_id=device_id)
        record(
            actor_id=actor_id,
            action="user.sign_in_ended",
            target_type="user",
            target_id=user_id,
            reason=reason,
            before={"sign_in": str(device_id)},
            request_id=request_id,
        )

    run_atomic(end)


def unlock_sign_in(
    *, actor_id: UUID | None, user_id: UUID, reason: str, request_id: str = ""
) -> None:
    """Let the failed sign-ins of a person count no longer. Raises ``NotFound``,
    ``ValidationFailed``."""
    now = clock.now()
    require_reason(reason)

    def unlock() -> None:
        clear_failures(selectors.present_user(user_id), now)
        record(
            actor_id=actor_id,
            action="user.unlocked",
            target_type="user",
            target_id=user_id,
            reason=reason,
            request_id=request_id,
        )

    run_atomic(unlock)


def add_note(*, actor_id: UUID, user_id: UUID, text: str, request_id: str = "") -> StaffNote:
    """Note something about a person for other staff.

    The audit log names the note and not its text, which goes with the person. Raises
    ``NotFound``, ``ValidationFailed``.
    """
    now = clock.now()
    text = text.strip()
    if not text:
        raise ValidationFailed.of("text", "required", "Empty.")
    if len(text) > NOTE_LENGTH_MAX:
        detail = f"A note has at most {NOTE_LENGTH_MAX} characters."
        raise ValidationFailed.of("text", "max_length", detail)

    def add() -> StaffNote:
        selectors.present_user(user_id)
        note = StaffNote(user_id=user_id, author_id=actor_id, text=text, created_at=now)
        note.save(force_insert=True)
        record(
            actor_id=actor_id,
            action="user.noted",
            target_type="user",
            target_id=user_id,
            after={"note": str(note.pk)},
            request_id=request_id,
        )
        return note

    return run_atomic(add)
