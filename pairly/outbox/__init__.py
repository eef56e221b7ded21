"""Durable events between apps: what a lower app tells those above it.

``emit`` writes, in the transaction of the fact itself, one row per kind of event and durable
handler, carrying the whole list; a batch of a hundred messages costs one row. A row belongs to
one handler, so that one that fails is retried alone and repeats nobody else's work. Rows are run
after commit, at least once: handlers are idempotent.

A row is taken by compare-and-set for the length of a lease. Whatever kills a dispatcher, at any
line, the lease lapses and another takes the row. Rows are found by when they are due, never by a
growing id: a transaction that began early and committed late would be skipped.
"""
