"""People who sign in over HTTP, as the tests of accounts have them."""

from pairly.accounts.tests.conftest import guest, join

__all__ = ["guest", "join"]
