"""``manage.py restore``: a backup becomes the installation that the environment names."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pairly.backups.errors import BackupError
from pairly.backups.services import restore


class Command(BaseCommand):
    help = (
        "Check a backup's sums and put it where DATABASE_URL and PAIRLY_DATA_DIR point to. End "
        "all servers and workers there first."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="What manage.py backup wrote.")
        parser.add_argument(
            "--replace", action="store_true", help="Remove what is there, which cannot be undone."
        )

    def handle(self, *, folder: Path, replace: bool, **_: Any) -> None:
        try:
            manifest = restore(folder, replace=replace)
        except (BackupError, OSError) as error:
            raise CommandError(f"The backup is not restored: {error}") from error
        self.stdout.write(f"Everything is as it was at {manifest['taken_at']}.")
        self.stdout.write("Now: manage.py migrate, verify_ledger, verify_audit, check_invariants.")
