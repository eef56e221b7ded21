"""``python -m bench.run``: every benchmark, one after another, and one table at the end."""

import argparse
import importlib
import logging
import sys
import time

from bench.report import Line, Lines, render

__all__ = ["MODULES", "main"]

logger = logging.getLogger(__name__)

MODULES = (
    "chat",
    "idle",
    "calls",
    "ephemeral",
    "ledger",
    "webhooks",
    "notifications",
    "events",
    "reports",
)


def main() -> int:
    """Exit status 1 when a module failed to measure; a goal that is missed is no failure."""
    arguments = _arguments()
    lines: list[Line] = []
    failed: list[str] = []
    for name in arguments.only or MODULES:
        started = time.monotonic()
        try:
            measure: Lines = importlib.import_module(f"bench.{name}").lines
            for line in measure(arguments.quick):
                lines.append(line)
                print(render([line]), file=sys.stderr, flush=True)
        except Exception:  # one broken benchmark must not hide the others' figures
            logger.exception("bench.%s failed", name)
            failed.append(name)
        print(f"# {name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(render(lines))
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test: figures mean nothing")
    parser.add_argument("--only", nargs="+", choices=MODULES, help="only these modules")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
