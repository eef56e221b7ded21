"""The plain way: the same chat written as the tutorials would.

A stock Channels consumer, ``database_sync_to_async``, one ORM transaction a message, groups of
the in-memory layer, ``json``. It stores the message, a debit and a credit with both balances,
and the delivery receipt, on the same SQLite settings as Pairly (WAL, ``synchronous=FULL``).
"""
