"""``manage.py backtest_fraud``: what the rules would have made of past attempts to buy."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from payments.fraud.backtest import Replay, replay
from payments.fraud.models import Band
from payments.fraud.rule_sets import present_bands, present_rules
from payments.fraud.rules import BadRules, Rules, read_rules

PROGRESS_SECONDS = 2.0
WIDTH = 10


class Command(BaseCommand):
    help = "Score past attempts to buy again, by the present or by proposed fraud rules."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rules",
            type=Path,
            metavar="FILE",
            help="proposed rules, as JSON: a list, or a version as the staff route answers it",
        )
        parser.add_argument(
            "--since", type=_day, metavar="DAY", help="attempts from this day on (2026-01-31, UTC)"
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        rules = _proposed(options["rules"]) if options["rules"] else present_rules()
        found = replay(rules, since=options["since"], progress=Progress(self))
        name = f"version {rules.number}" if rules.number else str(options["rules"])
        self.stdout.write("\n".join(_report(found, rules, name)))


class Progress:
    """A line every two seconds, so that a short run says nothing."""

    def __init__(self, command: BaseCommand) -> None:
        self._stderr = command.stderr
        self._next = time.monotonic() + PROGRESS_SECONDS

    def __call__(self, done: int) -> None:
        if time.monotonic() >= self._next:
            self._next += PROGRESS_SECONDS
            self._stderr.write(f"{done:,} attempts scored")


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _proposed(file: Path) -> Rules:
    try:
        rows = orjson.loads(file.read_bytes())
        rules = read_rules(rows["rules"] if isinstance(rows, dict) and "rules" in rows else rows)
    except (OSError, orjson.JSONDecodeError, BadRules) as error:
        raise CommandError(f"{file}: {error}") from error
    return Rules(0, rules, present_bands())


def _report(found: Replay, rules: Rules, name: str) -> list[str]:
    lines = [f"{found.attempts:,} attempts, scored by {name}"]
    if found.without_inputs:
        lines.append(f"{found.without_inputs:,} of them without inputs, since the scorer failed")
    lines += ["", "Band then, and by these rules (of them disputed later)", ""]
    lines.append(_line("", [band.label for band in Band]))
    for old in Band:
        cells = [_cell(found.bands[old, new], found.disputed[old, new]) for new in Band]
        lines.append(_line(old.label, cells))
    lines += ["", "Rules that match (of them disputed later)", ""]
    for rule in rules.rules:
        cell = _cell(found.rules[rule.name], found.rules_disputed[rule.name])
        lines.append(f"  {rule.name:<40}{cell:>{WIDTH}}{'  shadow' if rule.shadow else ''}")
    return lines


def _line(title: str, cells: list[str]) -> str:
    return f"  {title:<{WIDTH}}" + "".join(f"{cell:>{2 * WIDTH}}" for cell in cells)


def _cell(count: int, disputed: int) -> str:
    return f"{count:,} ({disputed:,})" if disputed else f"{count:,}"
