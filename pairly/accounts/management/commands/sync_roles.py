"""``manage.py sync_roles``: write the staff roles that the code knows as groups."""

from typing import Any

from django.core.management.base import BaseCommand

from pairly.accounts.services import sync_roles


class Command(BaseCommand):
    help = "Write the staff roles as groups. Does no harm when they are there."

    def handle(self, *args: Any, **options: Any) -> None:
        added = sync_roles()
        self.stdout.write(f"Roles added: {', '.join(added)}." if added else "Roles are in line.")
