"""``ENGINE = "pairly.mongodb"``: django-mongodb-backend 5.2.4 with its defects repaired.

Nothing else knows MongoDB but ``core/db.py`` and ``core/table.py``. The repairs rest on private
parts of the backend, so its version is pinned exactly and every hot query has an explain test.
"""
