"""What somebody's device is, as far as its User-Agent says."""

import re
from typing import Final

__all__ = ["platform_of"]

SIGNS: Final = (
    ("android", re.compile(r"\bandroid\b")),
    ("ios", re.compile(r"\b(?:iphone|ipad|ipod|ios|darwin)")),
    ("web", re.compile(r"\bmozilla\b")),
)
"""Whole words, since "axios" is a library of the web and not a system."""


def platform_of(user_agent: str) -> str:
    """android, ios, web, or empty where it does not say."""
    lowered = user_agent.lower()
    return next((platform for platform, sign in SIGNS if sign.search(lowered)), "")
