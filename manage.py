#!/usr/bin/env python
"""Django's command line for photoorders."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError
from psycopg.errors import UndefinedTable

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"photoorders cannot start: {error}")
    except (OperationalError, ProgrammingError) as error:
        if "--traceback" in sys.argv:
            raise
        if isinstance(error, OperationalError):
            said = " ".join(str(error).split())
            sys.exit(f"PostgreSQL cannot be used: {said}\n`python manage.py doctor` says what is wrong.")
        if isinstance(error.__cause__, UndefinedTable):
            sys.exit("The database has no tables yet, or old ones: run `python manage.py migrate` first.")
        raise
