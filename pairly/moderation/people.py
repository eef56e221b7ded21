"""People, their profiles and photos as subjects of cases."""

from typing import ClassVar
from uuid import UUID

from pairly.accounts.models import User
from pairly.accounts.services import remove_photo, remove_profile_text
from pairly.core import clock
from pairly.moderation.subjects import Decision, Picture, Shown, Subject

__all__ = ["PersonSubject", "PhotoSubject", "ProfileSubject"]


def _find(user_id: UUID) -> User | None:
    return User.objects.filter(pk=user_id).first()


class PersonSubject(Subject):
    """A person as such: who writes what was blocked, or is reported for what they do."""

    def author_of(self, target_id: UUID, reporter_id: UUID) -> UUID | None:
        return target_id if User.objects.filter(pk=target_id).exists() else None

    def text_of(self, target_id: UUID) -> str:
        return ""

    def show(self, target_id: UUID) -> Shown:
        user = _find(target_id)
        if user is None:
            return Shown()
        return Shown(
            facts=[
                ("Display name", user.display_name),
                ("Age", str(user.age_on(clock.now().date()) or "–")),
                ("Bio", user.bio or "–"),
            ]
        )


class ProfileSubject(PersonSubject):
    """The words that a person shows of themselves."""

    can: ClassVar[frozenset[str]] = frozenset({"hide"})

    def text_of(self, target_id: UUID) -> str:
        user = _find(target_id)
        return profile_text(user) if user else ""

    def hide(self, *, target_id: UUID, decision: Decision) -> None:
        remove_profile_text(
            actor_id=decision.actor_id,
            user_id=target_id,
            reason=decision.reason,
            request_id=decision.request_id,
        )


class PhotoSubject(PersonSubject):
    can: ClassVar[frozenset[str]] = frozenset({"hide"})

    def show(self, target_id: UUID) -> Shown:
        user = _find(target_id)
        if user is None or not user.photo:
            return Shown(facts=[("Photo", "there is none now")])
        title = f"Photo of {user.display_name}"
        picture = Picture(id=target_id, kind="image", title=title, page="moderation_case_photo")
        return Shown(pictures=[picture])

    def hide(self, *, target_id: UUID, decision: Decision) -> None:
        remove_photo(
            actor_id=decision.actor_id,
            user_id=target_id,
            reason=decision.reason,
            request_id=decision.request_id,
        )


def profile_text(user: User) -> str:
    """Name and bio as one text, to be looked at."""
    return "\n".join(filter(None, (user.display_name, user.bio)))
