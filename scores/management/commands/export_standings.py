"""manage.py export_standings: all who stand on a board in a period, as a file."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scores.board.lookup import CURRENT
from scores.errors import Refused
from scores.management.progress import Progress
from scores.transfer.exporting import FILES, Export, export_standings


class Command(BaseCommand):
    help = "Write all who stand on a board in a period, with exact ranks, as CSV or JSON. All of it is of one moment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("board", metavar="BOARD", help="its slug")
        parser.add_argument("period", metavar="PERIOD", nargs="?", default=CURRENT, help="default: %(default)s")
        parser.add_argument("--format", default="csv", choices=list(FILES), help="default: %(default)s")
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")

    def handle(self, *, board: str, period: str, output: Path | None, **options: Any) -> None:
        progress = Progress(self, "players")
        try:
            export = export_standings(board, period, options["format"], progress)
        except Refused as refusal:
            raise CommandError(refusal.explanation) from None
        progress.clear()
        with export.file:
            if output is not None:
                write_whole(export, output)
                return
            # Whatever the terminal's encoding, the file is UTF-8.
            if (buffer := getattr(self.stdout, "buffer", None)) is not None:
                shutil.copyfileobj(export.file, buffer)
            else:
                self.stdout.write(export.file.read().decode(), ending="")


def write_whole(export: Export, path: Path) -> None:
    """Write the file whole or not at all: aside, and moved. Raises CommandError when it cannot be written."""
    draft = ""
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(export.file, file)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o644)  # it holds what everybody may read
        Path(draft).replace(path)
    except (OSError, ValueError) as error:
        if draft:
            Path(draft).unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else "there can be no file of this name"
        raise CommandError(f"{path} cannot be written: {reason}.") from None
