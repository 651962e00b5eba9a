#!/usr/bin/env python
"""Django's own commands, for developers (`makemigrations`, `shell`, …). Operators use `taskflow`."""

import os
import sys


def main() -> None:
    """Run the command in `sys.argv`; a wrong setting ends it with one line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskflow.settings.django")
    from django.core.management import execute_from_command_line

    from taskflow.config import ConfigError

    try:
        execute_from_command_line(sys.argv)
    except ConfigError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
