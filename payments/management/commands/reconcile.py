"""``manage.py reconcile``: exit status 1 if a break is open or a provider did not answer."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pairly.core import clock
from pairly.core.errors import PairlyError
from payments.gateways.registry import provider_names
from payments.models import Reconciliation
from payments.reconciliation.selectors import pressing_breaks, run_to_dict
from payments.reconciliation.services import reconcile, usual_window


class Command(BaseCommand):
    help = "Compare providers' statements with our books. Runs beside the server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--provider", help="only this one")
        parser.add_argument("--since", type=_moment, help="a day or time in UTC; a week ago")
        parser.add_argument("--until", type=_moment, help="before this; an hour ago")
        parser.add_argument("--json", action="store_true", help="print the runs as a JSON list")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        now = clock.now()
        since, until = usual_window(now)
        since, until = options["since"] or since, options["until"] or until
        providers = [options["provider"]] if options["provider"] else provider_names()
        try:
            runs = [
                reconcile(provider=provider, since=since, until=until, now=now)
                for provider in providers
            ]
        except PairlyError as error:
            raise CommandError(error.detail) from error
        if options["json"]:
            self.stdout.write(json.dumps([run_to_dict(run) for run in runs]))
        else:
            for run in runs:
                self.stdout.write(sentence(run))
        if any(run.error or pressing_breaks(run.provider).exists() for run in runs):
            sys.exit(1)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def sentence(run: Reconciliation) -> str:
    if run.error:
        return f"{run.provider}: NOT RECONCILED. {run.error}"
    return (
        f"{run.provider}: {run.lines:,} lines against {run.bookings:,} bookings, "
        f"{run.breaks_found:,} breaks found ({run.breaks_opened:,} of them new, "
        f"{run.mended:,} mended), {run.breaks_closed:,} gone, {run.fees_booked:,} fees booked."
    )
