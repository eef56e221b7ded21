"""Fixtures of what is watched."""

from notifications.tests.conftest import push
from payments.tests.conftest import fresh_heads

__all__ = ["fresh_heads", "push"]
