"""Gathering what is known of an attempt: a bounded number of reads, each by an index and of a
bounded number of rows, however long the person's history is."""

import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from disposable_email_domains import blocklist
from django.db.models import QuerySet

from pairly.accounts.models import User
from pairly.accounts.selectors import addresses_of, joined_at, seen_at_addresses
from pairly.core.clock import to_milliseconds
from payments.disputes.selectors import disputes_of
from payments.fraud.models import FraudCheck
from payments.fraud.payees import payees_of
from payments.fraud.signals import ATTEMPTS_MAX, SHARING_MAX, Context, Favourite, SeenAccount
from payments.intents.models import Intent, Observed
from payments.intents.states import Status
from payments.ledger.accounts import BONUS, PAID, personal_key
from payments.ledger.books import ACCOUNTS
from payments.ledger.history import newest_first
from payments.ledger.models import Phase

__all__ = ["Attempt", "gather"]

COUNTED_WITHIN = timedelta(days=1)
SHARING_WITHIN = timedelta(days=30)
SPENT_WITHIN = timedelta(days=7)
OBSERVED_MAX = 500
SIGN_INS_MAX = 500
TRANSFERS_MAX = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody is about to buy. ``id`` is the operation's, ``like_minor`` the package's price in
    ``CURRENCY_DEFAULT``, None if it has none; ``address`` and ``country`` may be unknown."""

    id: UUID
    user: User
    package: str
    credits: int
    provider: str
    amount_minor: int
    currency: str
    like_minor: int | None
    address: str = ""
    country: str = ""


def gather(attempt: Attempt, now: datetime) -> Context:
    """Everything that rules may ask, as it stands now."""
    user = attempt.user
    accounts = _accounts(user.pk)
    settled = _settled(user.pk)
    spent, favourite = _spending(accounts.get(PAID), now)
    return Context(
        amount_minor=attempt.like_minor,
        credits=attempt.credits,
        account_age_ms=_age_ms(user.created_at, now),
        attempt_ages_ms=_ages_ms(_attempts(user.pk), now),
        failure_ages_ms=_ages_ms(_failures(user.pk, now), now),
        settled=len(settled),
        first_settled_age_ms=_age_ms(settled[0][0], now) if settled else 0,
        largest_settled_credits=max((credits for _at, credits in settled), default=0),
        disputes=len(disputes_of(user.pk).order_by("-id")[:ATTEMPTS_MAX]),
        unused_credits=sum(balance for _account_id, balance in accounts.values()),
        sharing=_sharing(user.pk, attempt.address, now),
        country=attempt.country,
        profile_country=user.country,
        disposable_mail=_is_disposable(user.email),
        spent_credits=spent,
        favourite=favourite,
    )


def _age_ms(at: datetime, now: datetime) -> int:
    return to_milliseconds(now) - to_milliseconds(at)


def _ages_ms(times: Iterable[datetime], now: datetime) -> list[int]:
    """Of what lies within a day, the newest first."""
    since = now - COUNTED_WITHIN
    return [_age_ms(at, now) for at in sorted(times, reverse=True)[:ATTEMPTS_MAX] if at > since]


def _attempts(user_id: UUID) -> "QuerySet[FraudCheck, datetime]":
    newest = FraudCheck.objects.filter(user_id=user_id).order_by("-number")
    return newest.values_list("created_at", flat=True)[:ATTEMPTS_MAX]


def _failures(user_id: UUID, now: datetime) -> list[datetime]:
    """When attempts to pay were declined. Each webhook tells of one; a poll, which may tell of
    the same once more, counts where no webhook came. An order that the provider refused from the
    start is not the buyer's doing."""
    since = now - COUNTED_WITHIN
    newest = Intent.objects.filter(user_id=user_id).order_by("-id")
    rows = newest.values_list("pk", "created_at")[:ATTEMPTS_MAX]
    lately = [intent_id for intent_id, created_at in rows if created_at > since - COUNTED_WITHIN]
    if not lately:
        return []
    declined: dict[UUID, dict[bool, list[datetime]]] = {}
    for one in Observed.objects.filter(intent_id__in=lately, created_at__gt=since)[:OBSERVED_MAX]:
        if _is_decline(one):
            by_webhook = one.source == Observed.Source.WEBHOOK
            declined.setdefault(one.intent_id, {}).setdefault(by_webhook, []).append(one.created_at)
    return [at for told in declined.values() for at in told.get(True) or told[False]]


def _is_decline(one: Observed) -> bool:
    return (
        one.about == Observed.About.PAYMENT
        and one.status == Status.FAILED
        and one.source != Observed.Source.REQUEST
        and one.verdict != Observed.Verdict.SET_ASIDE
    )


def _settled(user_id: UUID) -> list[tuple[datetime, int]]:
    """When and how many credits, the oldest first."""
    paid = Intent.objects.filter(user_id=user_id, status=Status.SUCCEEDED).order_by("id")
    rows = paid.values_list("paid_at", "credits")[:ATTEMPTS_MAX]
    return [(at, credits) for at, credits in rows if at is not None]


def _accounts(user_id: UUID) -> dict[str, tuple[UUID, int]]:
    """Id and balance of what can be spent, by kind."""
    keys = {personal_key(user_id, kind): kind for kind in (BONUS, PAID)}
    rows = ACCOUNTS.select("key", keys)
    return {keys[row[1]]: (UUID(row[0]), row[2]) for row in rows}


def _sharing(user_id: UUID, address: str, now: datetime) -> list[SeenAccount]:
    """Others who signed in lately from where this person is or signed in. Addresses that are not
    public say nothing of who is where."""
    public = {one for one in {address, *addresses_of(user_id)} if _is_public(one)}
    seen = seen_at_addresses(
        public, except_user_id=user_id, since=now - SHARING_WITHIN, limit=SIGN_INS_MAX
    )
    newest = sorted(seen.items(), key=lambda one: one[1], reverse=True)[:SHARING_MAX]
    return [SeenAccount(other_id, _age_ms(at, now)) for other_id, at in newest]


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _is_disposable(email: str) -> bool:
    """By the domain or one above it."""
    parts = email.rpartition("@")[2].split(".")
    return any(".".join(parts[start:]) in blocklist for start in range(len(parts) - 1))


def _spending(paid: tuple[UUID, int] | None, now: datetime) -> tuple[int, Favourite | None]:
    """How many paid credits went to people lately, and who got most of them."""
    if paid is None:
        return 0, None
    charges = _charges(paid[0], now)
    payees = payees_of({operation for operation, _amount in charges})
    received: Counter[UUID] = Counter()
    for operation, amount in charges:
        if operation in payees:
            received[payees[operation]] += amount
    if not received:
        return 0, None
    (favourite_id, credits), *_others = received.most_common(1)
    age_ms = _age_ms(joined_at(favourite_id), now)
    return received.total(), Favourite(favourite_id, credits, age_ms)


def _charges(account_id: UUID, now: datetime) -> list[tuple[str, int]]:
    """Operations and amounts, the newest first; holds and what was freed of them are none."""
    spent = newest_first(account_id, "debit", None).filter(created_at__gt=now - SPENT_WITHIN)
    newest = spent.values_list("group", "amount", "phase")
    return [
        (group, amount)
        for group, amount, phase in newest[:TRANSFERS_MAX]
        if phase in (Phase.POSTED, Phase.POST)
    ]
