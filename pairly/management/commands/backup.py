"""``manage.py backup``: everything this installation keeps, into one folder, while it runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pairly.backups.errors import BackupError
from pairly.backups.services import take
from pairly.core import clock


class Command(BaseCommand):
    help = (
        "Write database, uploads, signed heads and mock mode's keys into a new folder. Runs beside "
        "the server. Uploads in a bucket and what the environment holds are not in it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="Made if it is not there; else empty.")

    def handle(self, *, folder: Path, **_: Any) -> None:
        try:
            manifest = take(folder, clock.now())
        except (BackupError, OSError) as error:
            raise CommandError(f"There is no backup: {error}") from error
        self.stdout.write(
            f"{folder} holds {len(manifest['files'])} files, {manifest['bytes']:,} bytes, as of "
            f"{manifest['taken_at']}. Whoever reads it reads everything: keep it accordingly."
        )
        if settings.S3_BUCKET:
            self.stdout.write(
                f"Uploads are not in it: they are in the bucket {settings.S3_BUCKET}."
            )
