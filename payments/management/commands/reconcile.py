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
from payments.reconciliation.services import reconcile
from payments.reconciliation.windows import usual_window


class Command(BaseCommand):
    help = "Compare providers' statements with our books. Runs beside the server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--provider", help="only this one")
        parser.add_argument(
            "--since",
            type=_moment,
            help="a day or time in UTC; a week ago, and what no run has seen",
        )
        parser.add_argument("--until", type=_moment, help="before this; by default an hour ago")
        parser.add_argument("--json", action="store_true", help="print the runs as a JSON list")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        now = clock.now()
        providers = [options["provider"]] if options["provider"] else provider_names()
        try:
            runs = [self._reconciled(provider, options, now) for provider in providers]
        except PairlyError as error:
            raise CommandError(error.detail) from error
        if options["json"]:
            self.stdout.write(json.dumps([run_to_dict(run) for run in runs]))
        else:
            for run in runs:
                self.stdout.write(sentence(run))
        if any(run.error or pressing_breaks(run.provider).exists() for run in runs):
            sys.exit(1)

    def _reconciled(self, provider: str, options: dict[str, Any], now: datetime) -> Reconciliation:
        since, until = usual_window(provider, now)
        return reconcile(
            provider=provider,
            since=options["since"] or since,
            until=options["until"] or until,
            now=now,
        )


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
