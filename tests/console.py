"""``manage.py`` commands one after another in one process: a list of arguments as a line of JSON
in, what was printed as a line of JSON out. Spares each the seconds that Django takes to begin."""

import json
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import django


def run(arguments: list[str]) -> tuple[str, str]:
    """What a command printed, and what made it fail, if anything."""
    from django.core.management import call_command
    from django.db import connections

    printed = StringIO()
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            call_command(*arguments)
    except (Exception, SystemExit):
        return printed.getvalue(), traceback.format_exc()
    finally:
        connections.close_all()
    return printed.getvalue(), ""


if __name__ == "__main__":
    django.setup()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)  # noqa: T201
