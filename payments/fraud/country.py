"""In which country a request's address lies, where the operators have given us a way to tell."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import maxminddb
from django.conf import settings

from pairly.accounts.countries import COUNTRIES

__all__ = ["country_of", "open_geoip"]


def country_of(headers: Mapping[str, str], address: str) -> str:
    """ISO 3166-1 alpha-2, empty if unknown: by ``COUNTRY_HEADER``, which a trusted proxy writes,
    else by ``GEOIP_FILE``. Without proxies a header is the caller's own invention."""
    if settings.COUNTRY_HEADER and settings.TRUSTED_PROXY_COUNT:
        code = headers.get(settings.COUNTRY_HEADER, "")
    elif settings.GEOIP_FILE and address:
        code = _looked_up(open_geoip(settings.GEOIP_FILE).get(address))
    else:
        return ""
    return code if code in COUNTRIES else ""


@cache
def open_geoip(path: str) -> maxminddb.Reader:
    """The file in MaxMind's format, opened once and for good. Raises ``OSError``,
    ``maxminddb.InvalidDatabaseError``."""
    return maxminddb.open_database(path)


def _looked_up(record: Any) -> str:
    country = record.get("country") if isinstance(record, dict) else None
    code = country.get("iso_code") if isinstance(country, dict) else None
    return code if isinstance(code, str) else ""
