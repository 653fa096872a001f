#!/usr/bin/env python
"""Entry point of every command; what an operator can put right ends it with a sentence, not a traceback."""

import os
import sys

from django.core.management import execute_from_command_line

from scoreboard_project.faults import explain


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scoreboard_project.settings")
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        sys.exit(sentence)


if __name__ == "__main__":
    main()
