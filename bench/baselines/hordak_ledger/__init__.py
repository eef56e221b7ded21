"""django-hordak on SQLite: its models and ``transfer_to``, its tables made without triggers."""
