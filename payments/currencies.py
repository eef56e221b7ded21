"""Money: currencies that are taken, in minor units, and how people read and write it."""

from decimal import Decimal, InvalidOperation

from pairly.core.errors import ValidationFailed

__all__ = ["CURRENCIES", "format_amount", "parse_amount"]

CURRENCIES = {"INR": "₹", "USD": "$"}
"""ISO 4217 codes with their signs. Each has a hundred minor units."""

MINOR_UNITS = 100


def format_amount(amount_minor: int, currency: str) -> str:
    """``₹100.00`` of 10000 and INR."""
    return f"{CURRENCIES[currency]}{Decimal(amount_minor) / MINOR_UNITS:,.2f}"


def parse_amount(text: str, field: str) -> int:
    """Minor units of an amount that a person wrote. Raises ``ValidationFailed`` for the field."""
    try:
        minor = Decimal(text.strip()) * MINOR_UNITS
    except InvalidOperation:
        minor = Decimal("NaN")
    if not minor.is_finite() or minor != minor.to_integral_value() or minor < 1:
        raise ValidationFailed.of(field, "invalid", "Write an amount above zero, such as 0.99.")
    return int(minor)
