"""The player who is the reader's own: simulated by nobody, and waiting just below the top 10 for a first act."""

from audit.models import AuditEntry
from scores.board.standings import SIZE, read_top
from scores.demo.seed import READER
from scores.investigation import corrections
from scores.models import Score

REASON = "The demo lets its reader begin just below the top 10."


def place_reader() -> None:
    """Give the reader's player as many points as the last of the top 10 has, who was there first; once it has acted, nothing."""
    score, rows = Score.objects.get(user__username=READER), read_top()
    has_acted = AuditEntry.objects.filter(player=score.pk).exclude(kind=AuditEntry.Kind.ADJUST).exists()
    if has_acted or len(rows) < SIZE or score.points >= rows[-1]["score"]:
        return
    missing = rows[-1]["score"] - score.points
    for part in corrections.split_adjustment(missing):
        corrections.adjust(player=score.pk, delta=part, reason=REASON, actor=corrections.SYSTEM)
