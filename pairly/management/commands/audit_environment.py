"""``manage.py audit_environment``: the environment as Pairly reads it, without its values."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from pairly.checks import can_be_guessed, refusals

__all__ = ["Command", "Variable", "variables"]

DOUBTFUL, REFUSED = 1, 2
VARIABLE = re.compile(r"# ([A-Z][A-Z0-9_]*)=(.*)")
SECRET = re.compile(r"(?!PAIRLY_).*(SECRET|TOKEN|PASSWORD|PRIVATE_KEY|SIGNING_KEY$)")
SECRET_CHARACTERS_MIN = 16
OF_LIBRARIES = "AWS_"
"""Those of the bucket's library resemble ours."""
NEARLY = 0.85
"""How alike, from 0 to 1, a name is to one of ours that was mistyped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A line of ``.env.example``; ``is_needed`` is its star."""

    name: str
    default: str
    is_needed: bool

    @property
    def is_set(self) -> bool:
        return bool(os.environ.get(self.name))

    @property
    def is_weak(self) -> bool:
        """Whether it is a secret, or a list of them, of which one can be guessed."""
        if not (self.is_set and SECRET.match(self.name)):
            return False
        return any(
            secret == self.default or can_be_guessed(secret, characters_min=SECRET_CHARACTERS_MIN)
            for secret in os.environ[self.name].split(",")
        )


def variables() -> Iterator[Variable]:
    """All there are, in the example's order."""
    is_needed = False
    for line in (settings.BASE_DIR / ".env.example").read_text().splitlines():
        if found := VARIABLE.fullmatch(line):
            yield Variable(name=found[1], default=found[2], is_needed=is_needed)
        is_needed = line.startswith("# * ") or (is_needed and found is None)


def unknown_names(known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that nothing reads, be they ours or nearly ours, and what is likely meant."""
    for name in sorted(os.environ.keys() - set(known)):
        is_ours = name.startswith("PAIRLY_")
        if is_ours or not name.startswith(OF_LIBRARIES):
            close = get_close_matches(name, known, n=1, cutoff=0.6 if is_ours else NEARLY)
            if is_ours or close:
                yield name, "".join(close)


class Command(BaseCommand):
    help = (
        "Tell which variables are set, which secrets are weak, which names nothing reads, and why "
        "a start would be refused; no values are shown. The exit status is 2 if a start would be "
        "refused, 1 if anything is weak or unknown, and 0 if all is well."
    )
    requires_system_checks: list[str] = []

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(
            f"The environment in {settings.MODE} mode; * is what production needs:\n\n"
        )
        is_doubtful = self._tell_variables(list(variables()))
        found = refusals()
        self.stdout.write("")
        for refusal in found:
            self.stdout.write(f"REFUSED  {refusal.id}: {refusal.msg} {refusal.hint}")
        if found:
            self.stdout.write(f"Pairly would not start in {settings.MODE} mode.")
            sys.exit(REFUSED)
        self.stdout.write(f"Pairly would start in {settings.MODE} mode.")
        if settings.MOCK_MODE:
            self.stdout.write("With PAIRLY_MODE=production you are told what production refuses.")
        if is_doubtful:
            sys.exit(DOUBTFUL)

    def _tell_variables(self, known: list[Variable]) -> bool:
        """Whether any is weak or unknown."""
        at_default = [one for one in known if not one.is_set]
        weak = [one for one in known if one.is_weak]
        for one in known:
            if one in weak:
                self._line("weak", one, "short, of few characters, or known to all: draw another")
            elif one.is_set:
                self._line("set", one)
            elif one.is_needed and not settings.MOCK_MODE:
                self._line("default", one, "not set; see .env.example")
        unknown = list(unknown_names([one.name for one in known]))
        for name, meant in unknown:
            question = f"; {meant} is meant?" if meant else ""
            self.stdout.write(f"unknown    {name}: nothing reads it{question}")
        self.stdout.write(
            f"{len(at_default)} of {len(known)} variables are not set: defaults hold."
        )
        return bool(weak or unknown)

    def _line(self, state: str, variable: Variable, remark: str = "") -> None:
        star = "*" if variable.is_needed else " "
        told = f": {remark}" if remark else ""
        self.stdout.write(f"{state:<8} {star} {variable.name}{told}")
