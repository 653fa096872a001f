"""Players who play, and an investigator who looks into it, at random and until told to stop."""

import random
from threading import Event
from uuid import UUID, uuid4

from audit.models import AuditEntry
from scores.awards import service
from scores.awards.rules import SelfReport
from scores.catalogue import set_action
from scores.errors import CorrectionRefused, PlayerFrozen
from scores.investigation import corrections
from scores.models import Score
from tests.support.acting import make_player
from tests.support.awards import attempt_of
from tests.support.tampering import WHY


def make_players_with_a_past(number: int) -> list[Score]:
    """Quizzes are worth 3 points, laps 7; each has done two of the one and one of the other."""
    for slug, points in (("quiz", 3), ("lap", 7)):
        set_action(actor="system", slug=slug, label=slug, points=points)
    players = [make_player(f"Player {place}") for place in range(number)]
    for player in players:
        for action in ("quiz", "lap", "quiz"):
            report(player, action)
    return players


def report(player: Score, action: str) -> None:
    service.award(attempt_of(player, SelfReport(action, uuid4().hex)))


def play_and_correct(players: list[Score], chance: random.Random, stop: Event) -> int:
    """Play until it is time to stop, now and then an investigator's act; how many acts that were."""
    acts = 0
    while not stop.is_set():
        player = chance.choice(players)
        act = chance.randrange(12)
        try:
            if act < 7:
                report(player, chance.choice(["quiz", "lap"]))
            else:
                correct(player.pk, act, chance)
            acts += 1
        except (CorrectionRefused, PlayerFrozen):
            pass
    return acts


def correct(player: UUID, act: int, chance: random.Random) -> None:
    if act == 7:
        corrections.adjust(
            player=player, delta=chance.randrange(-5, 9) or 1, action=chance.choice(["quiz", "lap"]), **WHY
        )
    elif act == 8:
        frozen = Score.objects.values_list("frozen", flat=True).get(pk=player)
        (corrections.unfreeze if frozen else corrections.freeze)(player=player, **WHY)
    else:
        kinds = ["award", "adjust"] if act < 11 else ["void"]
        seqs = AuditEntry.objects.filter(player=player, kind__in=kinds).values_list("seq", flat=True)
        (corrections.void if act < 11 else corrections.restore)(player=player, seq=chance.choice([*seqs, 1]), **WHY)
