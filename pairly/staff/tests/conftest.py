"""Fixtures of the staff site; people come as the tests of accounts make them."""

from pairly.accounts.tests.conftest import closed_sockets, guest, join
from payments.tests.conftest import fresh_heads

__all__ = ["closed_sockets", "fresh_heads", "guest", "join"]
