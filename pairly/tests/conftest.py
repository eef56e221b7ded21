"""Fixtures of the whole project's tests; people come as the tests of accounts make them."""

from pairly.accounts.tests.conftest import guest, join

__all__ = ["guest", "join"]
