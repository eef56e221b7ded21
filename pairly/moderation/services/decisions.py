"""What staff do with a case: take it, let it go, decide it, and mend a decision.

The case's ``version`` guards every step: of two who decide at once, one is told that it has been
decided. Measures are carried out in the transaction of the decision, by the app that owns what
the case is about.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from pairly.accounts.models import Report
from pairly.accounts.services import restrict_user, settle_reports, suspend_user
from pairly.alerts.services import clear_alert
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import PermissionDenied, ValidationFailed
from pairly.moderation.errors import CaseClosed, CaseTaken, NotPossible
from pairly.moderation.models import Case
from pairly.moderation.selectors import case_by_id
from pairly.moderation.services.cases import MINOR_ALERT
from pairly.moderation.services.notices import notify
from pairly.moderation.subjects import Decision, subject_of

__all__ = [
    "MEASURES",
    "dismiss_case",
    "refund_case",
    "release_case",
    "resolve_case",
    "restore_case",
    "take_case",
]

State = Report.Status

HIDE, WARN, SUSPEND, RESTRICT = "hide", "warn", "suspend", "restrict"
MEASURES = (HIDE, WARN, SUSPEND, RESTRICT)
REFUND, RESTORE = "refund", "restore"
UNTOLD = frozenset({RESTRICT})


def take_case(*, case_id: UUID, actor_id: UUID, request_id: str = "") -> Case:
    """Work on a case; once more does nothing. Raises ``NotFound``, ``CaseClosed``, ``CaseTaken``
    by a colleague, ``PermissionDenied`` for what is one's own."""

    def take() -> Case:
        case = _open_case(case_id, actor_id)
        if case.assigned_to_id == actor_id:
            return case
        _change(case, state=State.UNDER_REVIEW, assigned_to_id=actor_id)
        _settle(case, State.UNDER_REVIEW)
        _record(case, "case.taken", actor_id, "", request_id)
        return case

    return run_atomic(take)


def release_case(*, case_id: UUID, actor_id: UUID, reason: str, request_id: str = "") -> Case:
    """Let go of a case, also of one that a colleague has taken and left. Raises ``NotFound``,
    ``CaseClosed``, ``NotPossible`` for one that nobody has, ``ValidationFailed``."""
    _require(reason)

    def release() -> Case:
        case = case_by_id(case_id)
        if not case.is_open:
            raise CaseClosed
        if case.assigned_to_id is None:
            raise NotPossible("Nobody works on this case.")
        _change(case, state=State.PENDING, assigned_to_id=None)
        _settle(case, State.PENDING)
        _record(case, "case.released", actor_id, reason, request_id)
        return case

    return run_atomic(release)


def resolve_case(
    *,
    case_id: UUID,
    actor_id: UUID,
    measures: Collection[str],
    reason: str,
    text: str = "",
    suspend_until: datetime | None = None,
    request_id: str = "",
) -> Case:
    """Decide that something is not right, and do about it what the measures name.

    ``reason`` is for colleagues, ``text`` for the person, who is told of every measure but a
    restriction. Raises as ``take_case``, ``ValidationFailed`` without a reason or a measure,
    ``NotPossible`` for one that this thing does not know, and what suspending raises.
    """
    _require(reason)
    wanted = [one for one in MEASURES if one in measures]
    if not wanted or set(measures) - set(MEASURES):
        raise ValidationFailed.of("measures", "invalid_choice", f"Choose from {list(MEASURES)}.")

    def resolve() -> Case:
        case = _open_case(case_id, actor_id)
        decision = Decision(
            actor_id=actor_id, reason=reason, request_id=request_id, now=clock.now()
        )
        _carry_out(case, wanted, decision, suspend_until)
        _close(case, State.RESOLVED, wanted, decision)
        if told := [one for one in wanted if one not in UNTOLD]:
            notify(case=case, measures=told, text=text, now=decision.now)
        return case

    return run_atomic(resolve)


def _carry_out(
    case: Case, measures: Collection[str], decision: Decision, suspend_until: datetime | None
) -> None:
    who = {
        "actor_id": decision.actor_id,
        "user_id": case.author_id,
        "reason": decision.reason,
        "request_id": decision.request_id,
    }
    if HIDE in measures:
        subject_of(case.target_type).hide(target_id=case.target_id, decision=decision)
    if SUSPEND in measures:
        suspend_user(**who, until=suspend_until)  # type: ignore[arg-type]
    if RESTRICT in measures:
        restrict_user(**who)  # type: ignore[arg-type]


def dismiss_case(*, case_id: UUID, actor_id: UUID, reason: str, request_id: str = "") -> Case:
    """Decide that nothing is wrong. Raises as ``resolve_case``."""
    _require(reason)

    def dismiss() -> Case:
        case = _open_case(case_id, actor_id)
        decision = Decision(
            actor_id=actor_id, reason=reason, request_id=request_id, now=clock.now()
        )
        _close(case, State.DISMISSED, (), decision)
        return case

    return run_atomic(dismiss)


def refund_case(*, case_id: UUID, actor_id: UUID, reason: str, request_id: str = "") -> int:
    """Give back what the thing cost, open or decided; the credits.

    Raises ``NotFound``, ``ValidationFailed``, ``PermissionDenied`` for what is one's own,
    ``NotPossible`` where nothing was paid or all was given back.
    """
    _require(reason)

    def refund() -> int:
        case = _case_of_another(case_id, actor_id)
        decision = Decision(
            actor_id=actor_id, reason=reason, request_id=request_id, now=clock.now()
        )
        credits = subject_of(case.target_type).refund(target_id=case.target_id, decision=decision)
        if not credits:
            raise NotPossible("It was free, or has been given back.")
        _change(case, measures=_more(case, REFUND))
        _record(case, "case.refunded", actor_id, reason, request_id, credits=credits)
        return credits

    return run_atomic(refund)


def restore_case(*, case_id: UUID, actor_id: UUID, reason: str, request_id: str = "") -> Case:
    """Put back what a decision had hidden, and tell the person. Raises ``NotFound``,
    ``ValidationFailed``, ``NotPossible`` where nothing is hidden."""
    _require(reason)

    def restore() -> Case:
        case = _case_of_another(case_id, actor_id)
        done = case.measures.split(", ")
        if HIDE not in done or RESTORE in done:
            raise NotPossible("Nothing is hidden by this case.")
        now = clock.now()
        decision = Decision(actor_id=actor_id, reason=reason, request_id=request_id, now=now)
        subject_of(case.target_type).restore(target_id=case.target_id, decision=decision)
        _change(case, measures=_more(case, RESTORE))
        _record(case, "case.restored", actor_id, reason, request_id)
        notify(case=case, measures=[RESTORE], text="", now=now)
        return case

    return run_atomic(restore)


def _require(reason: str) -> None:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")


def _case_of_another(case_id: UUID, actor_id: UUID) -> Case:
    case = case_by_id(case_id)
    reports = Report.objects.filter(target_id=case.target_id, target_type=case.target_type)
    if case.author_id == actor_id or reports.filter(reporter_id=actor_id).exists():
        raise PermissionDenied("Nobody decides in their own matter.")
    return case


def _open_case(case_id: UUID, actor_id: UUID) -> Case:
    """One that this member of staff may decide."""
    case = _case_of_another(case_id, actor_id)
    if not case.is_open:
        raise CaseClosed
    if case.assigned_to_id not in (None, actor_id):
        raise CaseTaken
    return case


def _close(case: Case, state: State, measures: Collection[str], decision: Decision) -> None:
    _change(
        case,
        state=state,
        open_key=str(case.pk),
        assigned_to_id=decision.actor_id,
        measures=", ".join([*filter(None, [case.measures]), *measures]),
        decided_at=decision.now,
    )
    _settle(case, state)
    action = f"case.{state.value}"
    _record(case, action, decision.actor_id, decision.reason, decision.request_id)
    clear_alert(kind=MINOR_ALERT, key=str(case.pk), now=decision.now)


def _more(case: Case, measure: str) -> str:
    return ", ".join(filter(None, [case.measures, measure]))


def _settle(case: Case, status: State) -> None:
    settle_reports(target_type=case.target_type, target_id=case.target_id, status=status)


def _change(case: Case, **values: object) -> None:
    """Only as it was read; else the whole is run again, and may find it decided."""
    as_read = Case.objects.filter(pk=case.pk, version=case.version)
    if not change_one(as_read, version=case.version + 1, **values):
        raise StaleRead("the case changed meanwhile")
    for name, value in values.items():
        setattr(case, name, value)
    case.version += 1


def _record(
    case: Case, action: str, actor_id: UUID, reason: str, request_id: str, **more: object
) -> None:
    record(
        actor_id=actor_id,
        action=action,
        target_type="case",
        target_id=case.pk,
        reason=reason,
        after={
            "target_type": case.target_type,
            "target_id": str(case.target_id),
            "author_id": str(case.author_id),
            "state": case.state,
            "measures": case.measures,
            **more,
        },
        request_id=request_id,
    )
