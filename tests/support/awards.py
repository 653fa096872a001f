"""Awards without HTTP: the attempt that a player's request would have been."""

from audit.models import AuditEntry
from scores.awards import service
from scores.awards.rules import Attempt, Award, SelfReport
from scores.awards.service import Outcome
from scores.callers import Caller, password_stamp
from scores.models import Score
from scores.receipts.verifier import Receipt


def caller_of(player: Score) -> Caller:
    return Caller(player=player.pk, token_id="test", password_stamp=password_stamp(player.password))


def report(player: Score, key: str = "first", action: str = "daily-quiz") -> Award:
    return service.award(attempt_of(player, SelfReport(action, key)))


def attempt_of(player: Score, act: SelfReport | Receipt) -> Attempt:
    return Attempt(caller_of(player), act, {"address": "192.0.2.1"})


def together(*attempts: tuple[Score, str]) -> list[Outcome]:
    return service.award_together([attempt_of(player, SelfReport("daily-quiz", key)) for player, key in attempts])


def entries_of(player: Score) -> list[tuple[int, int]]:
    return list(AuditEntry.objects.filter(player=player.pk).order_by("seq").values_list("seq", "balance"))
