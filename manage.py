#!/usr/bin/env python
"""Django's command line for Pairly."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pairly.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    try:
        settings.MODE  # noqa: B018 - reads the environment, for a sentence instead of a traceback
    except ValueError as error:
        sys.exit(f"The environment cannot be read: {error}")
    execute_from_command_line(sys.argv)
