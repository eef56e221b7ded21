"""Binding attachments to the message that carries them, inside the send's transaction."""

from collections.abc import Collection, Sequence
from uuid import UUID

from messaging.attachments.schemas import AttachmentView
from pairly.core.errors import ValidationFailed

__all__ = ["Claims", "release_of"]


class Claims:
    """The attachments that one batch of messages asks for. Check, then take, then write."""

    def __init__(self, attachment_ids: Collection[UUID]) -> None:
        self._wanted = attachment_ids

    def check(
        self, *, owner_id: UUID, kind: str, attachment_ids: Sequence[UUID]
    ) -> list[AttachmentView]:
        """Raises ``ValidationFailed`` for what this person may not attach. Changes nothing."""
        raise ValidationFailed.of(
            "attachment_ids", "does_not_exist", "There is no such attachment."
        )

    def take(self, *, attachment_ids: Sequence[UUID], message_id: UUID) -> None:
        """They belong to this message from now on."""

    def write(self) -> None:
        """Raises ``StaleRead`` when another transaction took one of them."""


def release_of(message_ids: Collection[UUID]) -> None:
    """Give up the attachments of messages that were deleted; inside the transaction."""
