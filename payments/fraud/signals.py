"""What is known of an attempt to buy, and the numbers that rules compare.

A ``Context`` is gathered once, stored with the attempt and never read again from the tables, so
that any rules can be tried on it later. Ages are in milliseconds before the attempt, so a rule's
window is a matter of the rule: an age lies within a window if it is less.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec
from django.conf import settings

from payments.currencies import format_amount

__all__ = [
    "ATTEMPTS_MAX",
    "DAY_MINUTES",
    "SHARING_MAX",
    "SIGNALS",
    "SPENT_CREDITS_MIN",
    "Context",
    "Favourite",
    "SeenAccount",
    "Signal",
]

DAY_MINUTES: Final = 24 * 60
YEAR_MINUTES: Final = 365 * DAY_MINUTES
ATTEMPTS_MAX: Final = 100
"""So many of the newest attempts, failures and settled purchases are looked at."""
SHARING_MAX: Final = 20
"""So many other accounts are noted that signed in from the same addresses."""
SPENT_CREDITS_MIN: Final = 100
"""Who has spent fewer paid credits than this shows no pattern yet."""
NUMBER_MAX: Final = 1_000_000_000


class SeenAccount(msgspec.Struct, frozen=True):
    """Another account, and how long ago it signed in from an address of this person."""

    user_id: UUID
    age_ms: int


class Favourite(msgspec.Struct, frozen=True):
    """Who got most of the paid credits that this person spent, and how old that account is."""

    user_id: UUID
    credits: int
    account_age_ms: int


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that rules may look at. A field that a later release adds has a default, so
    that older inputs can still be replayed.

    ``amount_minor`` is the package's price in ``CURRENCY_DEFAULT``, whatever it is paid in; None
    if it has none. ``country`` is the address's, empty where nothing tells it.
    """

    amount_minor: int | None = None
    credits: int = 0
    account_age_ms: int = 0
    attempt_ages_ms: list[int] = []
    failure_ages_ms: list[int] = []
    settled: int = 0
    first_settled_age_ms: int = 0
    largest_settled_credits: int = 0
    disputes: int = 0
    unused_credits: int = 0
    sharing: list[SeenAccount] = []
    country: str = ""
    profile_country: str = ""
    disposable_mail: bool = False
    spent_credits: int = 0
    favourite: Favourite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One number of a context, given a window in milliseconds (0 where it has none).

    ``sentence`` says when a rule on it matches, with ``{number}`` and ``{window}``. A number is
    never above ``value_max``, a window never above ``window_minutes_max`` (0: it takes none).
    """

    value: Callable[[Context, int], int]
    sentence: str
    value_max: int = NUMBER_MAX
    window_minutes_max: int = 0
    show: Callable[[int], str] = "{:,}".format


def _within(ages_ms: Iterable[int], window_ms: int) -> int:
    return sum(age < window_ms for age in ages_ms)


def _attempts(context: Context, window_ms: int) -> int:
    """This one included."""
    return 1 + _within(context.attempt_ages_ms, window_ms)


def _failures(context: Context, window_ms: int) -> int:
    return _within(context.failure_ages_ms, window_ms)


def _amount_on_new_account(context: Context, window_ms: int) -> int:
    return (context.amount_minor or 0) if context.account_age_ms < window_ms else 0


def _is_new_account(context: Context, window_ms: int) -> int:
    return int(context.account_age_ms < window_ms)


def _accounts_at_address(context: Context, window_ms: int) -> int:
    """This one included."""
    return 1 + _within((one.age_ms for one in context.sharing), window_ms)


def _country_mismatch(context: Context, _window_ms: int) -> int:
    both = context.country and context.profile_country
    return int(bool(both) and context.country != context.profile_country)


def _disposable_mail(context: Context, _window_ms: int) -> int:
    return int(context.disposable_mail)


def _unused_credits(context: Context, _window_ms: int) -> int:
    return context.unused_credits


def _percent_to_fresh_person(context: Context, window_ms: int) -> int:
    favourite = context.favourite
    if favourite is None or context.spent_credits < SPENT_CREDITS_MIN:
        return 0
    if favourite.account_age_ms >= window_ms:
        return 0
    return 100 * favourite.credits // context.spent_credits


def _disputes(context: Context, _window_ms: int) -> int:
    return context.disputes


def _settled_since(context: Context, window_ms: int) -> int:
    return context.settled if context.first_settled_age_ms >= window_ms else 0


def _percent_of_largest(context: Context, _window_ms: int) -> int:
    largest = context.largest_settled_credits
    return 100 * context.credits // largest if largest else 0


def _money(amount_minor: int) -> str:
    return format_amount(amount_minor, settings.CURRENCY_DEFAULT)


def _percent(value: int) -> str:
    return f"{value:,} %"


def _yes_or_no(value: int) -> str:
    return "yes" if value else "no"


SIGNALS: Final[dict[str, Signal]] = {
    "attempts": Signal(
        value=_attempts,
        sentence="more than {number} attempts to buy within {window}",
        value_max=1 + ATTEMPTS_MAX,
        window_minutes_max=DAY_MINUTES,
    ),
    "failures": Signal(
        value=_failures,
        sentence="more than {number} declined payments within {window}",
        value_max=ATTEMPTS_MAX,
        window_minutes_max=DAY_MINUTES,
    ),
    "amount_on_new_account": Signal(
        value=_amount_on_new_account,
        sentence="more than {number}, or its like, on an account younger than {window}",
        window_minutes_max=YEAR_MINUTES,
        show=_money,
    ),
    "new_account": Signal(
        value=_is_new_account,
        sentence="the account is younger than {window}",
        value_max=1,
        window_minutes_max=YEAR_MINUTES,
        show=_yes_or_no,
    ),
    "accounts_at_address": Signal(
        value=_accounts_at_address,
        sentence="more than {number} accounts signed in from one address within {window}",
        value_max=1 + SHARING_MAX,
        window_minutes_max=30 * DAY_MINUTES,
    ),
    "country_mismatch": Signal(
        value=_country_mismatch,
        sentence="the address is in another country than the profile says",
        value_max=1,
        show=_yes_or_no,
    ),
    "disposable_mail": Signal(
        value=_disposable_mail,
        sentence="the e-mail address is of a throw-away provider",
        value_max=1,
        show=_yes_or_no,
    ),
    "unused_credits": Signal(
        value=_unused_credits,
        sentence="more than {number} credits lie unused",
    ),
    "percent_to_fresh_person": Signal(
        value=_percent_to_fresh_person,
        sentence="more than {number} of what was spent went to one person whose account is"
        " younger than {window}",
        value_max=100,
        window_minutes_max=YEAR_MINUTES,
        show=_percent,
    ),
    "disputes": Signal(
        value=_disputes,
        sentence="more than {number} purchases were disputed before",
        value_max=ATTEMPTS_MAX,
    ),
    "settled_purchases": Signal(
        value=_settled_since,
        sentence="more than {number} purchases went well, the first at least {window} ago",
        value_max=ATTEMPTS_MAX,
        window_minutes_max=YEAR_MINUTES,
    ),
    "percent_of_largest_purchase": Signal(
        value=_percent_of_largest,
        sentence="more than {number} of the largest purchase so far",
        show=_percent,
    ),
}
