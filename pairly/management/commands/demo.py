"""``manage.py demo``: two outside clients play what Pairly does and check every answer."""

import os
import shutil
from argparse import ArgumentParser
from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError

from pairly.demo.script import CHAPTERS
from pairly.demo.story import Outcome, Played, Story, play, title_of

START_SECONDS_MAX = 5
COLUMNS_MAX = 150


class Command(BaseCommand):
    help = "Play the whole story over REST and sockets as two outside clients, checking each step."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = os.environ.get("PORT", "8000")
        parser.add_argument(
            "--url", default=f"http://localhost:{port}", help="The server (default: %(default)s)."
        )

    def handle(self, *, url: str, **_: Any) -> None:
        url = url.rstrip("/")
        _require_server(url)
        self.stdout.write(f"Pairly at {url}, seen by two outside clients")
        story = Story(url)
        try:
            failed = self._show(story)
        finally:
            story.close()
        if failed:
            raise CommandError(f"{failed} of the steps did not go as they should.")

    def _show(self, story: Story) -> int:
        """Play and print; how many steps did not pass."""
        width = max(len(title) for title in _titles())
        played: list[Played] = []
        for step in play(story, CHAPTERS):
            if not played or played[-1].chapter != step.chapter:
                self.stdout.write(f"\n{step.chapter}")
            self.stdout.write(_line(step, width))
            self.stdout.flush()
            played.append(step)
        self._sum_up(played)
        return sum(step.outcome is not Outcome.PASSED for step in played)

    def _sum_up(self, played: list[Played]) -> None:
        counts = {outcome: sum(step.outcome is outcome for step in played) for outcome in Outcome}
        words = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.SKIPPED: "skipped"}
        told = [f"{counts[outcome]} {words[outcome]}" for outcome in Outcome if counts[outcome]]
        self.stdout.write(f"\n{len(played)} steps: {', '.join(told)}")


def _titles() -> list[str]:
    return [title_of(step) for _chapter, steps in CHAPTERS for step in steps]


def _line(step: Played, width: int) -> str:
    """Mark, title, and in a column of its own what was seen. A failure is never shortened."""
    line = f"  {step.outcome.value} {step.title:<{width}}  {step.seen}".rstrip()
    if step.outcome is Outcome.PASSED:
        columns = min(COLUMNS_MAX, shutil.get_terminal_size((COLUMNS_MAX, 24)).columns)
        return line if len(line) <= columns else f"{line[: columns - 1]}…"
    return line


def _require_server(url: str) -> None:
    """Raises ``CommandError`` with a sentence when nothing of ours answers there."""
    how = "Start one with `make run` or `python manage.py serve`, or name another with --url."
    try:
        answer = httpx.get(f"{url}/health/live", timeout=START_SECONDS_MAX, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandError(f"No server answers at {url} ({error}). {how}") from error
    if answer.status_code != httpx.codes.OK:
        raise CommandError(f"What answers at {url} is not Pairly ({answer.status_code}). {how}")
