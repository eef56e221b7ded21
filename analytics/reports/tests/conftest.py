"""Fixtures of reports; people come as the tests of accounts make them."""

from pairly.accounts.tests.conftest import closed_sockets, guest, join

__all__ = ["closed_sockets", "guest", "join"]
