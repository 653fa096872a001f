#!/usr/bin/env python
"""Entry point of every command; what an operator can put right ends it with a sentence, not a traceback."""

import os
import sys
from collections.abc import Callable
from typing import TextIO

from django.core.management import execute_from_command_line

from scoreboard_project.env import provide_for_help
from scoreboard_project.server.operator_errors import describe


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scoreboard_project.settings")
    provide_for_help(os.environ, sys.argv[1:])
    sys.stdout, sys.stderr = open_or_nowhere(sys.stdout), open_or_nowhere(sys.stderr)
    # What was printed is written here, where it can still be told that it was not: at Python's own end it is code 120.
    end = attempt(lambda: execute_from_command_line(sys.argv)) or attempt(sys.stdout.flush)
    if isinstance(end, str):
        end = attempt(lambda: print(end, file=sys.stderr)) or 1  # noqa: T201 - as sys.exit() would, after our last flush
    drop_unwritten(sys.stdout)
    drop_unwritten(sys.stderr)
    sys.exit(end)


def attempt(act: Callable[[], object]) -> str | int | None:
    """Do it; what is told in the end where it fails, as a sentence or a code. A fault of ours keeps its traceback."""
    try:
        act()
    except SystemExit as end:
        return end.code
    except BrokenPipeError:
        # Whoever reads has seen enough, as in `manage.py config | head -1`.
        return 1
    except Exception as error:
        sentence = describe(error)
        if sentence is None:
            raise
        return sentence
    return None


def open_or_nowhere(stream: TextIO | None) -> TextIO:
    """The stream; one that leads nowhere where the caller closed it, which is None to Python."""
    return stream or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open until the end


def drop_unwritten(stream: TextIO) -> None:
    """Let what cannot be written lead nowhere, or Python tries again at its end."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
