"""Fixtures of what is watched."""

from notifications.tests.conftest import push
from pairly.accounts.tests.conftest import guest, join
from payments.tests.conftest import fresh_heads

__all__ = ["fresh_heads", "guest", "join", "push"]
