"""What the commands about boards and seasons share: why, in whose name, how it ended, and the filling of a board from the log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Sum

from scores.counting import filling
from scores.counting.local_times import read_time
from scores.errors import InvalidBody, Refused, UnknownBoard
from scores.investigation.corrections import find_actor
from scores.management.progress import Progress
from scores.models import Board, Score
from scores.storable import is_storable

GO_ON = "The same command goes on."


class DefinitionCommand(BaseCommand):
    """One change of boards or seasons. A refused one changed nothing and ends with 1."""

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_own_arguments(parser)
        parser.add_argument("--reason", default="", help="kept in the audit log")
        parser.add_argument("--actor", metavar="USERNAME", help="in whose name (default: system)")

    def add_own_arguments(self, parser: CommandParser) -> None:
        """What this change is about."""
        raise NotImplementedError

    def define(self, *args: Any, **options: Any) -> str:
        """Call the service, and say what is so now. Raises Refused when it may not be."""
        raise NotImplementedError

    def handle(self, *, reason: str, actor: str | None, **options: Any) -> None:
        try:
            with transaction.atomic():
                done = self.define(reason=reason, actor=find_actor(actor), **options)
        except Refused as refusal:
            raise CommandError(f"Nothing was changed. {_describe(refusal)}") from None
        self.stdout.write(done)


class FillingCommand(DefinitionCommand):
    """A change after which a board may have to be filled from the log. Stopped, it goes on when it is begun again."""

    def handle(self, **options: Any) -> None:
        super().handle(**options)
        slug = options["slug"]
        if Board.objects.filter(slug=slug, enabled=True, filling=True).exists():
            self._fill(slug)

    def _fill(self, slug: str) -> None:
        total = Score.objects.aggregate(entries=Sum("seq"))["entries"] or 0
        progress = Progress(self, total=total, unwatched_seconds=10)
        self.stdout.write(
            f"Filling it from about {total} entries. Nobody can see it until that is done. "
            "Whenever this is stopped, the same command goes on."
        )
        self.stdout.flush()
        try:
            filling.fill(slug, progress)
        except KeyboardInterrupt:
            raise CommandError(f"Stopped after {progress.entries} entries. {GO_ON}") from None
        except (OperationalError, InterfaceError) as error:
            fault = " ".join(str(error).split()).rstrip(".")
            raise CommandError(f"Stopped after {progress.entries} entries: {fault}. {GO_ON}") from None
        finally:
            progress.clear()
        if Board.objects.filter(slug=slug, filling=True).exists():
            raise CommandError(f"{slug} was switched off meanwhile. manage.py enable_board {slug} fills it again.")
        self.stdout.write(f"{slug} is full: {progress.entries} entries in {progress.seconds:.1f} s.")


def find_zone(slug: str) -> str:
    """Find the zone of a board. Raises UnknownBoard."""
    zone = Board.objects.filter(slug=slug).values_list("zone", flat=True).first() if is_storable(slug) else None
    if zone is None:
        raise UnknownBoard
    return zone


def parse_time(field: str, text: str, zone: str) -> int:
    """Read a time as `local_times.read_time`. Raises InvalidBody where it is none."""
    try:
        return read_time(text, zone)
    except ValueError as error:
        raise InvalidBody(errors=[{"field": field, "detail": str(error)}]) from None


def _describe(refusal: Refused) -> str:
    if refusal.errors:
        return " ".join(f"{error['field']}: {error['detail']}" for error in refusal.errors)
    return refusal.explanation
