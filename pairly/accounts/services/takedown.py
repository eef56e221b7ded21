"""Staff take away what a person shows of themselves. The person may put something else there."""

from uuid import UUID

from django.db.models import QuerySet

from pairly.accounts import selectors
from pairly.accounts.models import User
from pairly.accounts.services.photos import delete_photo_file
from pairly.audit.services import record
from pairly.core.db import StaleRead, change_one, run_atomic

__all__ = ["remove_photo", "remove_profile_text"]

NAMELESS = "Member"


def remove_profile_text(
    *, actor_id: UUID, user_id: UUID, reason: str, request_id: str = ""
) -> None:
    """Empty the bio and replace the display name. Raises ``NotFound``."""

    def remove() -> None:
        user = selectors.present_user(user_id)
        values = {"bio": "", "display_name": NAMELESS, "search_name": NAMELESS.lower()}
        as_read = User.objects.filter(pk=user_id, bio=user.bio, display_name=user.display_name)
        _change_and_record(user_id, as_read, values, actor_id, "profile", reason, request_id)

    run_atomic(remove)


def remove_photo(*, actor_id: UUID, user_id: UUID, reason: str, request_id: str = "") -> None:
    """Remove the photo and its file. Raises ``NotFound``."""

    def remove() -> None:
        user = selectors.present_user(user_id)
        if not user.photo:
            return
        as_read = User.objects.filter(pk=user_id, photo=user.photo)
        values = {"photo": ""}
        _change_and_record(user_id, as_read, values, actor_id, "photo", reason, request_id)
        delete_photo_file(user.photo)

    run_atomic(remove)


def _change_and_record(
    user_id: UUID,
    as_read: "QuerySet[User]",
    values: dict[str, str],
    actor_id: UUID,
    what: str,
    reason: str,
    request_id: str,
) -> None:
    """The audit log says that it was done, not what the words were: it is kept for ever."""
    if not change_one(as_read, **values):
        raise StaleRead(f"the {what} of {user_id} changed meanwhile")
    record(
        actor_id=actor_id,
        action=f"{what}.removed",
        target_type="user",
        target_id=user_id,
        reason=reason,
        request_id=request_id,
    )
