"""What is stated in public of closed periods: the SHA-256 of their results, under the signature of a checkpoint (`audit.blocks`)."""

import hashlib
from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q

from audit import clock
from audit.blocks import Statement
from audit.models import CheckpointStatement
from scores.board.lookup import CLOSING_US
from scores.board.results import write_lines
from scores.board_models import MAIN_BOARD, Period, PeriodAmendment, PeriodQuerySet


def find_closed() -> PeriodQuerySet:
    """Find the periods that are to be stated, in the order of their ends: closed ones of boards that are enabled and not being filled."""
    kept = Period.objects.filter(board__enabled=True, board__filling=False).exclude(board=MAIN_BOARD)
    return kept.filter(ends_us__lte=clock.read_us() - CLOSING_US).select_related("board").order_by("ends_us", "pk")


def find_due(limit: int) -> Sequence[Statement]:
    """Find up to so many statements that are due: of periods that have none, and of those that were amended to another text.

    In the transaction that states them. Marks of amendments are removed that were there before the results are read.
    """
    due: list[Statement] = []
    amended = Exists(PeriodAmendment.objects.filter(period=OuterRef("pk")))
    for period in find_closed().with_statements().filter(Q(statement=None) | Q(amended)):
        if len(due) == limit:
            break
        marks = list(PeriodAmendment.objects.filter(period=period).values_list("pk", flat=True))
        statement = read_statement(period)
        if period.statement != statement.sha256:
            due.append(statement)
        PeriodAmendment.objects.filter(pk__in=marks).delete()
    return due


def read_statement(period: Period) -> Statement:
    """Read what is to be stated of a closed period by its results of now. Inside of transactions only."""
    assert period.ends_us is not None  # noqa: S101 - it is closed
    digest, count = hashlib.sha256(), 0
    for part in write_lines(period.board, period.pk):
        digest.update(part)
        count += part.count(b"\n")
    return Statement(period.subject, count, digest.hexdigest(), period.starts_us, period.ends_us)


def list_statements(period: Period) -> list[CheckpointStatement]:
    """List what was stated of a period, oldest first, each with its checkpoint."""
    stated = CheckpointStatement.objects.filter(subject=period.subject)
    return list(stated.select_related("checkpoint").order_by("checkpoint"))
