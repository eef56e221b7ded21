"""The parts of a person's page, each a few rows read by an index."""

from datetime import datetime
from itertools import islice
from typing import Any

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from calling.selectors import Listed, calls_for
from pairly.accounts import staff_selectors as people
from pairly.accounts.models import Report, User
from pairly.accounts.selectors import reports_by, sign_in_locked_until
from pairly.accounts.staff_panels import Panel
from pairly.accounts.staff_rows import actor_names, chip, moment, person_link
from pairly.audit.selectors import entries_about
from pairly.core import clock
from pairly.moderation.selectors import cases_about
from payments import selectors as payments
from payments.adjustments.selectors import adjustments_of
from payments.admin.rows import finances_panels
from payments.freezes.selectors import freeze_of

__all__ = ["panels_of", "transactions_page"]

ROWS = 10
PAGE_ROWS = 50
PHASES = {"posted": "", "pending": "held", "post": "of a hold", "void": "hold freed"}


def panels_of(user: User, request: HttpRequest) -> list[Panel]:
    now = clock.now()
    staff: Any = request.user
    panels = [
        *([_suspension(user)] if user.suspended_at else []),
        _wallet(user, has_ledger=staff.has_perm("ledger.view")),
        _adjustments(user),
        *(finances_panels(user.pk) if staff.has_perm("payments.view") else []),
        _calls(user),
        _notes(user),
        _devices(user, now, may_end=staff.has_perm("users.act")),
        _attempts(user, now),
        _second_factor(user, now),
        *([_cases(user)] if staff.has_perm("moderation.view") else []),
        _reports_made(user),
    ]
    if staff.has_perm("audit.view"):
        panels.append(_audit(user))
    return panels


def _suspension(user: User) -> Panel:
    return Panel(
        title="Suspension",
        icon="block",
        facts=[
            ("Since", moment(user.suspended_at)),
            (
                "Until",
                moment(user.suspended_until) if user.suspended_until else "somebody restores them",
            ),
            ("Reason", user.suspension_reason),
        ],
    )


def _wallet(user: User, *, has_ledger: bool) -> Panel:
    wallet = payments.wallet_of(user.pk)
    newest = payments.transactions_of(user.pk, None, ROWS)
    pockets = payments.pockets_of(user.pk)
    return Panel(
        title="Wallet",
        icon="account_balance_wallet",
        facts=[
            ("Balance", f"{wallet.balance:,}"),
            ("Paid", f"{pockets['paid']:,}"),
            ("Bonus", f"{pockets['bonus']:,}"),
            ("Held", f"{wallet.held:,}"),
            ("Available", f"{wallet.available:,}"),
            ("Debt", f"{wallet.debt:,}"),
            ("Earnings", f"{pockets['earnings']:,}"),
            *(_frozen(user) if wallet.frozen else ()),
            *([("Ledger", _statement_link(user))] if has_ledger else ()),
        ],
        headers=TRANSACTION_HEADERS,
        rows=[_transaction_row(one) for one in newest],
        empty="No credits have moved yet.",
        more=reverse("admin:accounts_user_transactions", args=[user.pk]) if newest else "",
        more_text="All transactions",
        wide=True,
    )


def _statement_link(user: User) -> str:
    address = reverse("admin:payments_account_statement", args=[user.pk])
    return format_html('<a class="staff-link" href="{}">Statement</a>', address)


def _frozen(user: User) -> list[tuple[str, Any]]:
    freeze = freeze_of(user.pk)
    if freeze is None:  # lifted in between
        return []
    until = moment(freeze.until) if freeze.until else "somebody lifts it"
    return [
        ("Spending", chip("frozen", "danger")),
        ("Frozen until", until),
        ("Frozen because", freeze.reason),
    ]


def _adjustments(user: User) -> Panel:
    made = list(adjustments_of(user.pk).order_by("-id")[:ROWS])
    names = actor_names(made)
    variants = {"booked": "success", "waiting": "info", "dropped": ""}
    return Panel(
        title="Credits changed by staff",
        icon="redeem",
        headers=("When", "What", "Credits", "State", "By", "Reason"),
        rows=[
            [
                moment(one.created_at),
                one.get_kind_display(),
                f"{one.credits:,}",
                chip(one.get_state_display(), variants[one.state]),
                names[one.actor_id],
                one.reason,
            ]
            for one in made
        ],
        empty="Staff have given and taken nothing.",
        wide=True,
    )


TRANSACTION_HEADERS = ("When", "Kind", "Credits", "Account", "Other side", "Operation")


def _transaction_row(one: payments.Transaction) -> list[Any]:
    note = PHASES[one.phase]
    kind = f"{one.kind} ({note} {one.amount:,})" if note else one.kind
    credits = f"{one.credits:+,}" if one.credits else "0"
    operation = format_html('<code class="staff-code">{}</code>', one.id)
    return [moment(one.created_at), kind, credits, one.account, one.counterparty, operation]


def _second_factor(user: User, now: datetime) -> Panel:
    state = people.second_factor_of(user.pk)
    facts: list[tuple[str, Any]] = [
        ("Authenticator", f"since {moment(state.enrolled_at)}" if state.enrolled_at else "none")
    ]
    if state.enrolled_at:
        facts.append(("Recovery codes left", state.recovery_codes_left))
    if state.locked_until and state.locked_until > now:
        facts.append(("Locked until", moment(state.locked_until)))
    return Panel(title="Second factor", icon="phonelink_lock", facts=facts)


def _calls(user: User) -> Panel:
    found = calls_for(user.pk, before=None, limit=ROWS)
    return Panel(
        title="Calls",
        icon="call",
        headers=("Called", "By", "With", "Media", "State", "Talked", "Credits"),
        rows=[_call_row(one) for one in found],
        empty="Never called and never was called.",
        more=f"{reverse('admin:calling_call_changelist')}?q={user.pk}" if found else "",
        more_text="All calls",
        wide=True,
    )


def _call_row(one: Listed) -> list[Any]:
    call = one.call
    address = reverse("admin:calling_call_change", args=[call.pk])
    return [
        format_html('<a class="staff-link" href="{}">{}</a>', address, moment(call.created_at)),
        "this person" if call.caller_id == one.viewer_id else "the other",
        person_link(one.peer.pk, one.peer.email),
        call.get_media_display(),
        call.get_end_reason_display() if call.end_reason else call.get_status_display(),
        f"{call.billed_seconds // 60}:{call.billed_seconds % 60:02d}",
        f"{call.credits:,}",
    ]


def _notes(user: User) -> Panel:
    notes = people.notes_of(user.pk)[:ROWS]
    return Panel(
        title="Staff notes",
        icon="sticky_note_2",
        headers=("When", "By", "Note"),
        rows=[[moment(one.created_at), one.author.email, one.text] for one in notes],
        empty="Nobody has noted anything.",
        wide=True,
    )


def _devices(user: User, now: datetime, *, may_end: bool) -> Panel:
    end = reverse("admin:accounts_user_end_sign_in", args=[user.pk])
    rows = []
    for one in people.sign_ins_of(user.pk)[:ROWS]:
        open_now = one.is_signed_in_at(now)
        row = [
            one.name or "Unnamed",
            one.address,
            moment(one.created_at),
            moment(one.last_used_at),
            chip("open", "success") if open_now else chip("ended", ""),
        ]
        if may_end:
            row.append(_end_button(end, one.pk) if open_now else "")
        rows.append(row)
    headers = ("Device", "Address", "Signed in", "Last used", "State", "")
    return Panel(
        title="Sign-ins",
        icon="devices",
        headers=headers if may_end else headers[:-1],
        rows=rows,
        empty="Never signed in.",
        wide=True,
    )


def _end_button(address: str, device_id: Any) -> Any:
    return format_html(
        '<a class="staff-link" href="#" hx-get="{}?device={}" hx-target="#modal-content"'
        ' hx-select="#dialog" x-on:htmx:after-on-load="openModal = true">End</a>',
        address,
        device_id,
    )


def _attempts(user: User, now: datetime) -> Panel:
    variants = {"failed": "danger", "succeeded": "success", "cleared": "info"}
    locked = sign_in_locked_until(user.email, now) is not None
    return Panel(
        title="Attempts to sign in",
        icon="login",
        facts=[("State", chip("locked", "danger"))] if locked else (),
        headers=("When", "Outcome", "Address"),
        rows=[
            [moment(one.created_at), chip(one.outcome, variants[one.outcome]), one.address]
            for one in people.attempts_of(user.pk)[:ROWS]
        ],
        empty="No attempts are kept.",
    )


def _cases(user: User) -> Panel:
    """What of theirs was ever in question: messages, profile, photo, the person."""
    return Panel(
        title="Moderation cases",
        icon="gavel",
        headers=("Opened", "What", "Reason", "Reports", "State", "Done"),
        rows=[
            [
                format_html(
                    '<a class="staff-link" href="{}">{}</a>',
                    reverse("admin:moderation_case_change", args=[one.pk]),
                    moment(one.created_at),
                ),
                one.get_target_type_display(),
                one.get_reason_display(),
                one.reports,
                one.get_state_display(),
                one.measures or "–",
            ]
            for one in cases_about(user.pk)[:ROWS]
        ],
        empty="Nothing of this person was ever in question.",
        wide=True,
    )


def _reports_made(user: User) -> Panel:
    made = list(reports_by(user.pk)[:ROWS])
    about = [one.target_id for one in made if one.target_type == Report.TargetType.USER]
    names = people.names_of(about)
    return Panel(
        title="Reports by this person",
        icon="flag",
        headers=("When", "Reason", "Details", "Status", "About"),
        rows=[
            [
                moment(one.created_at),
                one.get_reason_display(),
                one.details,
                one.get_status_display(),
                _target(one, names),
            ]
            for one in made
        ],
        empty="This person has reported nobody.",
        wide=True,
    )


def _target(one: Report, names: dict[Any, str]) -> Any:
    if one.target_id in names:
        return person_link(one.target_id, names[one.target_id])
    return f"{one.target_type} {one.target_id}"


def _audit(user: User) -> Panel:
    found = list(entries_about("user", user.pk)[:ROWS])
    names = actor_names(found)
    address = reverse("admin:audit_auditentry_changelist")
    return Panel(
        title="Audit trail",
        icon="history",
        headers=("When", "What", "By", "Reason"),
        rows=[
            [moment(one.created_at), one.action, names[one.actor_id], one.reason] for one in found
        ],
        empty="Staff have done nothing here.",
        more=f"{address}?q={user.pk}",
        more_text="In the audit log",
        wide=True,
    )


def transactions_page(user: User, request: HttpRequest) -> dict[str, Any]:
    """One page of all transactions; ``?after=`` goes on where the one before ended."""
    signer = Signer(salt=f"transactions:{user.pk}")
    last = _position(signer, request.GET.get("after", ""))
    found = payments.transactions_of(user.pk, last, PAGE_ROWS + 1)
    page = list(islice(found, PAGE_ROWS))
    after = ""
    if len(found) > PAGE_ROWS:
        after = signer.sign_object([page[-1].created_at.isoformat(), page[-1].id])
    panel = Panel(
        title="Transactions",
        icon="receipt_long",
        headers=TRANSACTION_HEADERS,
        rows=[_transaction_row(one) for one in page],
        empty="No credits have moved yet.",
    )
    return {"panel": panel, "after": after, "first": last is None}


def _position(signer: Signer, text: str) -> tuple[datetime, str] | None:
    """None, which is the start, for what this list did not make."""
    try:
        at, transfer_id = signer.unsign_object(text)
    except BadSignature:
        return None
    return datetime.fromisoformat(at), transfer_id
