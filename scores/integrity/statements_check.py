"""What checkpoints state of closed periods, held against who stands there now, and against what was sealed when it was stated."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from django.db.models import Q

from audit.chain import Entry
from audit.models import CheckpointStatement
from audit.verification import Finding
from scores.board.statements import find_closed, read_statement
from scores.board_models import SUBJECT, Board, Period, PeriodAmendment
from scores.counting.rules import Definition

RULE = "statement"


def check_statements() -> Iterator[Finding]:
    """Check the newest statement of every closed period: that it is of who stands there now, unless an amendment is due."""
    amended = set(PeriodAmendment.objects.values_list("period", flat=True))
    for period in find_closed().with_statements().filter(~Q(statement=None)):
        if period.pk not in amended and read_statement(period).sha256 != period.statement:
            yield Finding(RULE, f"the results of {period.subject} are not the ones that were stated last")
    known = {period.subject: period for period in Period.objects.select_related("board")}
    for stated in CheckpointStatement.objects.filter(subject__startswith=SUBJECT).order_by("pk").iterator():
        found = known.get(stated.subject)
        if found is None or (found.starts_us, found.ends_us) != (stated.starts_us, stated.ends_us):
            yield Finding(
                RULE, f"checkpoint {stated.checkpoint_id} states {stated.subject}, which there is not as it says"
            )


class LateEntries:
    """Finds awards that were sealed only after a period was stated in which they count: nobody may be slipped in."""

    def __init__(self) -> None:
        definitions = {board.slug: Definition.of(board) for board in Board.objects.filter(enabled=True, filling=False)}
        first: dict[str, CheckpointStatement] = {}
        for stated in CheckpointStatement.objects.filter(subject__startswith=SUBJECT).order_by("checkpoint"):
            first.setdefault(stated.subject, stated)
        self._stated = [
            (stated, definitions[slug])
            for stated in first.values()
            if (slug := stated.subject.removeprefix(SUBJECT).partition("/")[0]) in definitions
        ]
        # Up to when everything was stated by each of these checkpoints.
        self._numbers = [stated.checkpoint_id for stated, _ in self._stated]
        self._ends = list(accumulate((stated.ends_us for stated, _ in self._stated), max))

    def check(self, entry: Entry, sealed_by: int | None) -> Iterator[Finding]:
        """Check an entry that this checkpoint sealed first; none did where it is None."""
        place = len(self._numbers) if sealed_by is None else bisect_left(self._numbers, sealed_by)
        if entry.kind != "award" or not place or entry.at_us >= self._ends[place - 1]:
            return
        for stated, definition in self._stated[:place]:
            if stated.starts_us <= entry.at_us < stated.ends_us and definition.counts(entry):
                text = f"counts in {stated.subject}, and was sealed after checkpoint {stated.checkpoint_id} stated that"
                yield Finding(RULE, text, str(entry.player), entry.seq)
