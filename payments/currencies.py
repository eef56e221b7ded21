"""Money: currencies that are taken, in minor units, and how people read and write it."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pairly.core.errors import ValidationFailed

__all__ = ["CURRENCIES", "Currency", "amount_text", "format_amount", "money_text", "parse_amount"]


@dataclass(frozen=True, slots=True)
class Currency:
    """``decimals`` as in ISO 4217: so many digits of an amount are minor units. Providers count
    alike, but of three decimals cards know two, so the last digit must be 0: amounts are multiples
    of ``step_minor`` (https://docs.stripe.com/currencies, https://razorpay.com/docs/api/orders).
    """

    sign: str
    decimals: int = 2
    step_minor: int = 1


CURRENCIES = {
    "INR": Currency("₹"),
    "USD": Currency("$"),
    "JPY": Currency("¥", decimals=0),
    "KWD": Currency("KD ", decimals=3, step_minor=10),
}
"""By ISO 4217 code."""


def format_amount(amount_minor: int, currency: str) -> str:
    """``₹100.00`` of 10000 and INR, ``-₹100.00`` of -10000."""
    kind = CURRENCIES[currency]
    minus = "-" if amount_minor < 0 else ""
    return f"{minus}{kind.sign}{_major(abs(amount_minor), currency):,.{kind.decimals}f}"


def money_text(amount_minor: int, currency: str) -> str:
    """The same of a currency that somebody else named, which need not be one of ours."""
    if currency in CURRENCIES:
        return format_amount(amount_minor, currency)
    return f"{amount_minor:,} minor units of {currency}"


def amount_text(amount_minor: int, currency: str) -> str:
    """``100.00`` of 10000 and INR: as ``parse_amount`` reads it."""
    return f"{_major(amount_minor, currency):.{CURRENCIES[currency].decimals}f}"


def parse_amount(text: str, currency: str, field: str) -> int:
    """Minor units of an amount that a person wrote. Raises ``ValidationFailed`` for the field."""
    kind = CURRENCIES[currency]
    try:
        minor = Decimal(text.strip()).scaleb(kind.decimals)
        is_amount = minor.is_finite() and minor >= 1 and minor % kind.step_minor == 0
    except InvalidOperation:
        is_amount = False
    if not is_amount:
        example = amount_text(99 * kind.step_minor, currency)
        detail = f"Write an amount above zero, such as {example}."
        raise ValidationFailed.of(field, "invalid", detail)
    return int(minor)


def _major(amount_minor: int, currency: str) -> Decimal:
    return Decimal(amount_minor).scaleb(-CURRENCIES[currency].decimals)
